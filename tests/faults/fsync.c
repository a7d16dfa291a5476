/* LD_PRELOAD: a disk that is slow or fails when a program asks whether its writes are safe.
 *
 * THREADLOG_TEST_FSYNC names the control file: [0] microseconds to wait before each fsync and
 * fdatasync; [1] if not 0, they fail with this errno. */
#define _GNU_SOURCE
#include "shim.h"
#include <dlfcn.h>
#include <errno.h>
#include <time.h>

__attribute__((constructor)) static void start(void) { map_control("THREADLOG_TEST_FSYNC"); }

static int sync_with(const char *name, int file)
{
    int64_t micros = control[0], failure = control[1];
    struct timespec left = {.tv_sec = micros / 1000000, .tv_nsec = micros % 1000000 * 1000};
    while (micros > 0 && nanosleep(&left, &left) != 0 && errno == EINTR)
        ;
    if (failure) {
        errno = (int)failure;
        return -1;
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(file);
}

int fsync(int file) { return sync_with("fsync", file); }

int fdatasync(int file) { return sync_with("fdatasync", file); }

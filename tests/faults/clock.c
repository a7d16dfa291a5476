/* LD_PRELOAD: a wall clock of its own for one program; monotonic clocks and sleeps stay right.
 *
 * THREADLOG_TEST_CLOCK names the control file: [0] nanoseconds to add; [1] if not 0, the clock
 * stands still at so many nanoseconds after 1970. A wait for an absolute wall-clock time waits
 * wrongly by the offset, because the kernel keeps its own time. */
#define _GNU_SOURCE
#include "shim.h"
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

#define SECOND 1000000000LL

__attribute__((constructor)) static void start(void) { map_control("THREADLOG_TEST_CLOCK"); }

static int read_clock(clockid_t id, struct timespec *out)
{
    int failed = (int)syscall(SYS_clock_gettime, id, out);
    if (failed || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE))
        return failed;
    int64_t frozen = control[1];
    int64_t now = frozen ? frozen : (int64_t)out->tv_sec * SECOND + out->tv_nsec + control[0];
    out->tv_sec = now / SECOND;
    out->tv_nsec = now % SECOND;
    return 0;
}

int clock_gettime(clockid_t id, struct timespec *out) { return read_clock(id, out); }

int gettimeofday(struct timeval *restrict out, void *restrict zone)
{
    struct timespec now;
    (void)zone;
    if (read_clock(CLOCK_REALTIME, &now))
        return -1;
    out->tv_sec = now.tv_sec;
    out->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    struct timespec now;
    if (read_clock(CLOCK_REALTIME, &now))
        return (time_t)-1;
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *out, int base)
{
    return base == TIME_UTC && !read_clock(CLOCK_REALTIME, out) ? base : 0;
}

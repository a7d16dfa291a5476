"""Where an embedded server keeps its data and its socket, without widening any folder's rights."""

import hashlib
import os
import tempfile
from pathlib import Path

from infrastructure.embedded.account import Account
from infrastructure.embedded.errors import FolderRefused

CLOSED_HOMES = Path("/var/lib/threadlog")


def home_of(data_dir: Path, account: Account | None, *, holds: str) -> Path:
    """`data_dir`, or a folder of its own below /var/lib when `account` cannot reach `data_dir`.

    `holds` names the server's folder in it: data once made stay where they are, so a parent
    folder that is closed or opened later never leads to a second, empty database.
    """
    home = data_dir.resolve()
    if os.path.isfile(home):
        raise FolderRefused(f"{home} is not a folder.")
    if account is None:
        return home
    elsewhere = CLOSED_HOMES / digest(home)
    if elsewhere.exists():
        return elsewhere
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    if account.may_pass(existing):
        return home
    if (home / holds).exists():
        raise FolderRefused(
            f"{home / holds} cannot be reached by the user that the server runs as (user id "
            f"{account.uid}), because a folder above it is closed. Open it with chmod o+x."
        )
    return elsewhere


def make_folder(path: Path, account: Account | None) -> None:
    """Make a folder that `account` may pass, and those above it. Safe to repeat.

    It has its rights from its first moment on, whatever the umask is. Otherwise a second starter
    could see it closed, and choose another home.
    """
    if path.exists():
        return
    make_folder(path.parent, account)
    made = Path(tempfile.mkdtemp(dir=path.parent, prefix=f"{path.name}."))
    made.chmod(0o711 if account else 0o700)
    try:
        made.rename(path)
    except OSError:  # another starter was first
        made.rmdir()


def socket_dir_of(folder: Path) -> Path:
    """The folder for the socket of the server with its data in `folder`.

    Not below it, because the path of a socket is limited to about 100 bytes; not in TMPDIR, which
    differs between processes that share the server.
    """
    place = Path("/tmp")  # noqa: S108  # the folder in it is checked to be ours
    if not os.access(place, os.W_OK):
        place = Path(tempfile.gettempdir())
    return place / f"threadlog-{os.geteuid()}-{digest(folder)}"


def make_socket_dir(path: Path, account: Account | None) -> None:
    """Make the folder, mode 0700. Its name can be guessed, so whoever made it is checked."""
    path.mkdir(mode=0o700, exist_ok=True)
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        ours = {os.geteuid(), account.uid if account else os.geteuid()}
        if os.fstat(folder).st_uid not in ours:
            raise FolderRefused(f"{path} belongs to another user. Remove it.")
        os.fchmod(folder, 0o700)
        if account:
            os.fchown(folder, account.uid, account.gid)
    finally:
        os.close(folder)


def make_data_folder(path: Path, account: Account | None) -> None:
    """Make the folder, mode 0700, owned by the server's user. Safe to repeat."""
    path.mkdir(mode=0o700, exist_ok=True)
    give(path, account)


def give(path: Path, account: Account | None) -> None:
    """Make the server's user the owner of `path`, which lies in a folder that only we can write."""
    if account:
        os.chown(path, account.uid, account.gid)


def digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:10]

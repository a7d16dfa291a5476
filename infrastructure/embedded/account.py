"""The user that the servers run as: PostgreSQL refuses root, so root lends a service account."""

import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path

from infrastructure.embedded.errors import NoServiceAccount


@dataclass(frozen=True)
class Account:
    uid: int
    gid: int

    def may_pass(self, path: Path) -> bool:
        """Whether every folder down to and including `path` is open to everybody."""
        return all(part.stat().st_mode & 0o001 for part in (path, *path.parents))


def server_account(user_id: int) -> Account | None:
    """The account that user `user_id` has to lend to its servers; None: they run as that user."""
    if user_id == 0:
        return _service_account()
    try:
        pwd.getpwuid(user_id)
    except KeyError:
        raise NoServiceAccount(
            f"user id {user_id} has no entry in /etc/passwd, and PostgreSQL does not work without "
            "one. Add an entry, or set THREADLOG_DATABASE_URL and THREADLOG_REDIS_URL."
        ) from None
    return None


def run_as(account: Account | None, command: list[str], *, text: str = "") -> str:
    """Run `command` with `text` as its input; answer what it wrote, errors included.

    Raises CalledProcessError when it ends with anything but 0.
    """
    done = subprocess.run(  # noqa: S603  # our own command
        command,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=True,
        cwd="/",
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    return done.stdout


def _service_account() -> Account:
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(uid=entry.pw_uid, gid=entry.pw_gid)
    raise NoServiceAccount(
        "PostgreSQL does not run as root, and there is neither a user 'postgres' nor 'nobody' to "
        "run it as. Start Threadlog as another user, or set THREADLOG_DATABASE_URL."
    )

"""Logins of analysts: made with limits, listed, and dropped."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg

from infrastructure.analysts.limits import CONNECTIONS, SETTINGS, TEMP_FILE_BYTES
from infrastructure.analysts.scram import new_password, verifier
from infrastructure.event_log.connection import PROJECTOR, Connection
from infrastructure.event_log.statements import statement

PACKAGE = "infrastructure.analysts"
ANALYST, TEXTS = "threadlog_analyst", "threadlog_analyst_texts"


class LoginExists(Exception):
    """The server has a role of this name already."""


class NoSuchAnalyst(Exception):
    """No analyst has this login."""


class AnalystHasObjects(Exception):
    """The login, shut out by now, owns things or has privileges that must go first."""


@dataclass(frozen=True)
class Analyst:
    """One login."""

    login: str
    texts: bool  # may it read what people wrote?
    sessions: int  # now


@dataclass(frozen=True)
class NewAnalyst:
    """A login that has just been made: its password is known to nobody else."""

    login: str
    password: str
    excess: list[str]  # what it may do beyond reading `analytics`, because this owner cannot forbid

    def url(self, owner_url: str) -> str:
        """Where the login finds what it may see."""
        parts = urlsplit(owner_url)
        place = parts.netloc.rpartition("@")[2]
        return parts._replace(netloc=f"{self.login}:{self.password}@{place}").geturl()


async def create(owner: Connection, login: str, *, texts: bool) -> NewAnalyst:
    """Make the login, in the caller's transaction. `login` needs no quotes. Raises LoginExists."""
    password = new_password()
    try:
        await owner.execute(
            f"CREATE ROLE {login} LOGIN CONNECTION LIMIT {CONNECTIONS}"
            f" PASSWORD '{verifier(password)}'"
        )
    except asyncpg.DuplicateObjectError:
        raise LoginExists(f"the server has a role {login} already") from None
    for name, value in SETTINGS.items():
        await owner.execute(f"ALTER ROLE {login} SET {name} = '{value}'")
    for role in (ANALYST, TEXTS) if texts else (ANALYST,):
        await owner.execute(f"GRANT {role} TO {login} WITH INHERIT TRUE, SET FALSE")
    # So that the watch sees its sessions and may end them.
    await owner.execute(f"GRANT {login} TO {PROJECTOR} WITH INHERIT TRUE, SET FALSE")
    await _limit_temporary_files(owner, login)
    await owner.execute(statement("harden", package=PACKAGE))
    return NewAnalyst(login, password, await excess_of(owner, login))


async def excess_of(owner: Connection, login: str) -> list[str]:
    """What the login may do beyond reading `analytics`: sentences without a subject."""
    return [row[0] for row in await owner.fetch(statement("excess", package=PACKAGE), login)]


async def _limit_temporary_files(owner: Connection, login: str) -> None:
    """Only a superuser may, or who was granted SET ON PARAMETER."""
    try:
        async with owner.transaction():
            await owner.execute(
                f"ALTER ROLE {login} SET temp_file_limit = '{TEMP_FILE_BYTES // 1024}kB'"
            )
    except asyncpg.InsufficientPrivilegeError:
        pass


async def list_all(connection: Connection) -> list[Analyst]:
    """All of the server, by name."""
    rows = await connection.fetch(statement("analysts", package=PACKAGE))
    return [Analyst(*row) for row in rows]


async def shut_out(owner: Connection, login: str) -> None:
    """It logs in no more, and its sessions end. Outside a transaction. Raises NoSuchAnalyst."""
    known = [analyst.login for analyst in await list_all(owner)]
    if login not in known:
        raise NoSuchAnalyst(f"no analyst has the login {login}; there are: {', '.join(known)}")
    await _end_sessions(owner, login)  # one may hold the login, by changing its own password
    await owner.execute(f"ALTER ROLE {login} NOLOGIN")
    await _end_sessions(owner, login)


async def _end_sessions(owner: Connection, login: str) -> None:
    async with owner.transaction():
        await owner.execute(f"SET LOCAL ROLE {PROJECTOR}")
        await owner.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = $1", login
        )


async def drop(owner: Connection, login: str) -> None:
    """The login is no more, in the caller's transaction, after `shut_out`.

    Raises AnalystHasObjects.
    """
    try:
        await owner.execute(f"DROP ROLE {login}")
    except asyncpg.DependentObjectsStillExistError as error:
        why = getattr(error, "detail", error)
        raise AnalystHasObjects(f"{login} logs in no more, but {why}") from None

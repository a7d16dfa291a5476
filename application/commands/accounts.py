"""The append that ends every command on an account."""

from collections.abc import Sequence
from contextlib import suppress

from application.commands.context import COMMAND_WAIT_SECONDS
from application.keys import Accounts
from application.ports import EventLog, LogUnavailable, StreamAppend
from domain.account import Account
from domain.account_events import AccountEvent


async def append_to(
    account: Account,
    events: Sequence[AccountEvent],
    *,
    log: EventLog,
    accounts: Accounts,
    actor: str,
) -> int:
    """The position of the last event; this process knows them at once.

    Raises StreamConflict where something else happened to the account, and LogUnavailable.
    """
    append = StreamAppend(account.id, account.version, events, owner_id=account.id)
    recorded = await log.append(append, actor=actor, wait_seconds=COMMAND_WAIT_SECONDS)
    with suppress(LogUnavailable):
        await accounts.load(account.id)
    return recorded[-1].position

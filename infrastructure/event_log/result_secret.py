"""The secrets behind the tokens for results from outside and behind webhooks, each read once per
process."""

from infrastructure.event_log.database import Database

NAME = "tool results"
WEBHOOKS = "webhooks"


class PostgresResultSecret:
    """Reads it when it is first needed; `read` is an `application.result_tokens.ReadSecret`."""

    def __init__(self, database: Database, *, name: str = NAME) -> None:
        self._database = database
        self._name = name
        self._secret: bytes | None = None

    async def read(self) -> bytes:
        """32 random bytes, the same in every process. Raises LogUnavailable like a read."""
        if self._secret is None:
            [row] = await self._database.fetch("secret", self._name)
            self._secret = bytes(row[0])
        return self._secret

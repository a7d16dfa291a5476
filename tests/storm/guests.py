"""Conversations that count how their requests went wrong before they went well."""

from collections import Counter
from collections.abc import Sequence
from random import Random

import httpx2

from tests.storm.conversation import ASK_SECONDS, Conversation
from tests.storm.journal import Journal


class Guest(Conversation):
    """`troubles`: shared by all guests; what a request met, by name.

    `refused`: nobody took the connection, or a leaving server said 503; another server is asked.
    `unanswered`: the request was sent, the connection ended, and no byte of an answer had come.
    `cut`: an answer had begun and did not come to its end. Streams do not count: they are resumed.
    """

    def __init__(
        self,
        number: int,
        *,
        apis: Sequence[str],
        key: str,
        journal: Journal,
        random: Random,
        patience_seconds: float,
        troubles: Counter[str],
    ) -> None:
        super().__init__(
            number,
            apis=apis,
            key=key,
            journal=journal,
            random=random,
            patience_seconds=patience_seconds,
        )
        self._http = httpx2.AsyncClient(
            headers={"Authorization": f"Bearer {key}"},
            timeout=httpx2.Timeout(ASK_SECONDS, pool=None),
            transport=_Counting(troubles),
        )


class _Counting(httpx2.AsyncHTTPTransport):
    def __init__(self, troubles: Counter[str]) -> None:
        super().__init__()
        self._troubles = troubles

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        asks = request.method == "POST"
        try:
            answer = await super().handle_async_request(request)
            if asks:
                await answer.aread()
        except (httpx2.ConnectError, httpx2.ConnectTimeout):
            self._troubles["refused"] += asks
            raise
        except httpx2.TransportError as error:
            self._troubles[f"unanswered: {type(error).__name__}"] += asks
            raise
        self._troubles["requests"] += asks
        if asks and answer.status_code >= 500:
            self._troubles["refused: 503" if answer.status_code == 503 else "5xx"] += 1
        return answer

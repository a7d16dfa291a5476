"""Counts how the requests of conversations went wrong before they went well."""

from collections import Counter

import httpx2


class Counting(httpx2.AsyncHTTPTransport):
    """`troubles`: shared by all clients; what a request met, by name.

    `refused`: nobody took the connection, or a leaving server said 503; another server is asked.
    `unanswered`: the request was sent, and the connection ended before a whole answer had come.
    Streams do not count: they are resumed.
    """

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

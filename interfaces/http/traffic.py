"""Counts what this process serves: requests, their durations, and event streams that are open."""

import time
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BUCKETS_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
EVENTS = "text/event-stream"


class Traffic:
    """One a process. Labels are few: a route's name, never its path; a usual method or `other`."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.requests = Counter(
            "threadlog_http_requests",
            "HTTP requests by the name of the route, method and class of the answer's status",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "threadlog_http_request_seconds",
            "From the request to the end of its answer; event streams are not among them",
            ("route", "method"),
            buckets=BUCKETS_SECONDS,
            registry=self.registry,
        )
        self.streams = Gauge(
            "threadlog_event_streams", "Event streams that are open", registry=self.registry
        )


@dataclass(frozen=True)
class Counted:
    """The application, and every request to it counted."""

    app: ASGIApp
    traffic: Traffic

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status, is_stream, began = 500, False, time.perf_counter()

        async def answer(message: Message) -> None:
            nonlocal status, is_stream
            if message["type"] == "http.response.start":
                status = message["status"]
                is_stream = (
                    Headers(raw=message["headers"]).get("content-type", "").startswith(EVENTS)
                )
                self.traffic.streams.inc(is_stream)
            await send(message)

        try:
            await self.app(scope, receive, answer)
        finally:
            self.traffic.streams.dec(is_stream)
            route, method = _route(scope), _method(scope)
            self.traffic.requests.labels(route, method, f"{status // 100}xx").inc()
            if not is_stream:
                seconds = time.perf_counter() - began
                self.traffic.seconds.labels(route, method).observe(seconds)


def _route(scope: Scope) -> str:
    """The name of the function behind it, as in the table of who may call what."""
    return getattr(scope.get("endpoint"), "__name__", "none")


def _method(scope: Scope) -> str:
    return scope["method"] if scope["method"] in METHODS else "other"

"""The API as one ASGI application."""

from collections.abc import Collection
from functools import cache

from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute

from interfaces.admin import app as pages
from interfaces.http import (
    agents,
    approvals,
    audit,
    audit_events,
    audit_replay,
    audit_requests,
    completions,
    events,
    health,
    keys,
    messages,
    metrics,
    openapi,
    problems,
    search,
    sign_in_links,
    threads,
    tool_executions,
    tool_results,
    webhooks,
)
from interfaces.http.authentication import caller
from interfaces.http.edge import Gate, SafeAnswers
from interfaces.http.metrics import Facts
from interfaces.http.resources import Resources
from interfaces.http.traffic import Counted, Traffic

DESCRIPTION = "An event-sourced AI chat backend that keeps every word."
SUBJECTS = (
    threads,
    messages,
    search,
    completions,
    approvals,
    tool_executions,
    events,
    agents,
    keys,
    sign_in_links,
    audit,
    audit_replay,
    audit_requests,
    audit_events,
    webhooks,
)


def create_app(resources: Resources, *, hosts: Collection[str] = ()) -> FastAPI:
    """The application over resources that the caller opens and closes.

    `hosts`: the names in lower case and without port that requests may be addressed to; none: any.
    """
    app = routes_only()
    app.state.resources = resources
    app.state.traffic = traffic = Traffic()
    app.state.facts = Facts()
    app.add_middleware(Gate, hosts=frozenset(hosts))
    app.add_middleware(SafeAnswers)
    app.add_middleware(Counted, traffic=traffic)
    return app


def routes_only() -> FastAPI:
    """The application without anything behind it: enough to describe it."""
    app = FastAPI(
        title="Threadlog",
        version="1",
        description=DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name,
    )
    version_1 = APIRouter(prefix="/v1", dependencies=[Depends(caller)])
    for subject in SUBJECTS:
        version_1.include_router(subject.router)
    app.include_router(version_1)
    app.include_router(tool_results.router, prefix="/v1")
    app.include_router(health.router)
    app.include_router(metrics.router)
    pages.install(app)
    problems.install(app)
    app.openapi = cache(lambda: openapi.describe(app))
    return app


def _name(route: APIRoute) -> str:
    return route.name

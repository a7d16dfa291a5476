"""Search: messages by their words."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from interfaces.http.authentication import Caller
from interfaces.http.fields import NotBlank
from interfaces.http.freshness import Fresh, fresh
from interfaces.http.in_time import TimelyRoute
from interfaces.http.paging import Listed, Paging, page_of
from interfaces.http.resources import Here
from interfaces.http.shown_threads import shown_thread
from projections import found
from projections.found import Search
from projections.messages import Role
from projections.search import SEARCH

router = APIRouter(prefix="/search", tags=["messages"], route_class=TimelyRoute)

Question = Annotated[str, Query(max_length=1000), NotBlank]
Limit = Annotated[int, Query(ge=1, le=100)]


class FragmentView(BaseModel):
    """A piece of a text, to be shown as text; `match` where it is a word that was looked for."""

    model_config = ConfigDict(from_attributes=True)

    text: str
    match: bool


class HitView(BaseModel):
    """A message that has the words, with the piece of it where the first of them stands."""

    model_config = ConfigDict(from_attributes=True)

    thread_id: UUID
    thread_title: str | None
    message_id: UUID
    role: Role
    created_at: datetime
    position: int
    snippet: list[FragmentView]


@router.get("", dependencies=[fresh(SEARCH.name), Fresh])  # the titles are in the other tables
async def search(
    here: Here,
    by: Caller,
    q: Question,
    *,
    limit: Limit = 50,
    cursor: str | None = None,
    thread_id: UUID | None = None,
    role: Role | None = None,
) -> Listed[HitView]:
    """The caller's messages with these words, the newest first.

    Words stand for all of them, `"…"` for words in this order, `or` for either side, and a minus
    before a word for messages without it. Upper and lower case are the same.
    """
    place = Paging(limit, cursor or None).number("search")
    if thread_id is not None:
        await shown_thread(here, thread_id, by=by, what="search")
    wanted = Search(question=q, reader=by, thread_id=thread_id, role=role, cursor=place)
    async with here.tables.session() as session:
        hits = await found.find(session, wanted, limit=limit)
    await here.access_log.read(
        ((hit.thread_id, hit.user_id) for hit in hits.items), by=by, what="search"
    )
    return page_of(map(HitView.model_validate, hits.items), kind="search", after=hits.next)

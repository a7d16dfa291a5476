"""Every page, with something on it: for accessibility, the telephone, the pictures."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from tests.model_server import Script
from tests.prove.browser.person import Person
from tests.prove.browser.site import Site
from tests.system.client import connected

WEIGHING = (
    "The last three harvests are being weighed in the background. "
    "The plan follows when they are known."
)
PLAN = (
    "Peas first, beans later: this is the plan for both beds.\n\n"
    "| Month | Bed | Kilograms |\n|---|---|---|\n| May | Peas | 4 |\n| June | Beans | 7 |\n\n"
    "1. Dig the beds.\n2. Sow the **peas** where the sun comes first.\n3. Wait.\n\n"
    "What to expect of them:\n\n"
    "```python\ndef harvest(beds: list[str]) -> float:\n"
    "    return sum(weigh(bed) for bed in beds)\n```\n\n"
    "> Water in the evening. More in [the almanac](https://example.org/almanac)."
)
SOIL = "The soil is alive: I found an earthworm. You can sow tomorrow."


# A new auditor has not said why they read, an auditor has.
Who: TypeAlias = Literal["stranger", "administrator", "new auditor", "auditor"]


@dataclass(frozen=True)
class Stop:
    """A page of the tour, and who looks at it."""

    name: str
    path: str  # {thread}, {asking}: ids of conversations
    who: Who = "administrator"


ALL = (
    Stop("sign-in", "/_admin/sign-in", "stranger"),
    Stop("conversations", "/_admin/chat"),
    Stop("found", "/_admin/chat?q=peas"),
    Stop("conversation", "/_admin/chat/{thread}"),
    Stop("approval", "/_admin/chat/{asking}"),
    Stop("timeline", "/_admin/threads/{thread}/timeline"),
    Stop("time-machine", "/_admin/threads/{thread}/at"),
    Stop("playback", "/_admin/threads/{thread}/play"),
    Stop("requests", "/_admin/threads/{thread}/requests"),
    Stop("operations", "/_admin/operations"),
    Stop("answers", "/_admin/operations/completions"),
    Stop("tool-runs", "/_admin/operations/tools"),
    Stop("workers", "/_admin/operations/workers"),
    Stop("projections", "/_admin/operations/projections"),
    Stop("users", "/_admin/users"),
    Stop("new-user", "/_admin/users/new"),
    Stop("agents", "/_admin/agents"),
    Stop("webhooks", "/_admin/webhooks"),
    Stop("new-webhook", "/_admin/webhooks/new"),
    Stop("keys", "/_admin/keys"),
    Stop("reference", "/docs"),
    Stop("missing", "/_admin/nowhere"),
    Stop("reason", "/_admin/audit", "new auditor"),
    Stop("audit", "/_admin/audit", "auditor"),
    Stop("audited-log", "/_admin/audit/events", "auditor"),
    Stop("audited-conversation", "/_admin/chat/{thread}", "auditor"),
    Stop("audited-timeline", "/_admin/threads/{thread}/timeline", "auditor"),
    Stop("audited-requests", "/_admin/threads/{thread}/requests", "auditor"),
)
EVERYBODY: frozenset[Who] = frozenset(stop.who for stop in ALL)


@dataclass(frozen=True)
class Lively:
    """An installation in which something has happened."""

    admin_key: str
    auditor_key: str
    thread: str
    asking: str

    def path(self, stop: Stop) -> str:
        """With the ids of this installation."""
        return stop.path.format(thread=self.thread, asking=self.asking)

    async def bring_in(self, person: Person, who: Who, *, site: Site) -> None:
        """Somebody who has just arrived, signed in as this."""
        if who == "stranger":
            return
        key = self.admin_key if who == "administrator" else self.auditor_key
        await person.follow(await site.link_for(key))
        if who == "auditor":
            await person.open("/_admin/audit/reason")
            await person.page.get_by_label("Reason").fill("Complaint 4711")
            await person.button("Go on").click()
            await person.page.wait_for_url("**/_admin/audit")


async def lively(site: Site, person: Person) -> Lively:
    """Conversations of one administrator, a webhook, people."""
    admin_key = await site.new_key("admin", name="Ada Gardener")
    await person.follow(await site.link_for(admin_key))
    async with connected(site.url, key=admin_key) as client:
        await client.post("/v1/webhooks", {"url": "https://hooks.example.org/threadlog"})
    await person.begin("Please fail on purpose", agent="assistant")
    await person.wait_for_end()
    await person.begin("What did I do in the last 30 days?", agent="assistant")
    await person.wait_for_end()
    await person.begin("Use the tool run_analysis", agent="assistant")
    await person.wait_for_end()
    return Lively(
        admin_key,
        await site.new_key("auditor", name="Grace Auditor"),
        await _garden(site, person),
        await _gardener(site, person),
    )


async def _garden(site: Site, person: Person) -> str:
    """A conversation in which the answer is rich, and tools were used, one in the background."""
    weigh = Script(calls=(("weigh_harvests", {"years": 3}),))
    plan = Script(text=PLAN, reasoning=30, gap_seconds=0.01)
    site.provider.next.extend([weigh, Script(then=Script(text=WEIGHING)), plan])
    await person.begin("What shall I plant this spring, and when?")
    await person.wait_for_word("almanac")
    await person.wait_for_end()
    look = Script(preamble=0, calls=(("look", {"at": "earthworm"}),))
    site.provider.next.extend([look, Script(then=Script(text=SOIL))])
    await person.say("Is the soil ready?")
    await person.wait_for_word("tomorrow")
    await person.wait_for_end()
    return person.thread_id


async def _gardener(site: Site, person: Person) -> str:
    """One that waits for a decision."""
    site.provider.next.append(Script(calls=(("pay", {"amount": 120, "to": "Ada Gardener"}),)))
    await person.begin("Pay the gardener for April")
    await person.button("Approve").wait_for()
    return person.thread_id

"""The sections that a role sees, in their order."""

from dataclasses import dataclass, replace

from domain.account_events import Role
from interfaces.admin.access import may_open


@dataclass(frozen=True)
class Section:
    """An entry of the navigation; it is there for who may open its page."""

    title: str
    href: str
    page: str
    also: str = ""  # where its pages are, too
    current: bool = False


THREADS = "/_admin/threads"
SECTIONS = (
    Section("Conversations", "/_admin/chat", "chat_page", also=THREADS),
    Section("Audit", "/_admin/audit", "audit_page", also=THREADS),
    Section("Operations", "/_admin/operations", "operations_page"),
    Section("Users", "/_admin/users", "users_page"),
    Section("Agents", "/_admin/agents", "agents_page"),
    Section("Webhooks", "/_admin/webhooks", "webhooks_page"),
    Section("Keys", "/_admin/keys", "keys_page"),
)


def sections(role: Role, *, path: str) -> list[Section]:
    """What this role may open; the last one that the path is in is current."""
    shown = [one for one in SECTIONS if may_open(role, one.page)]
    here = next((one for one in reversed(shown) if _is_within(path, one)), None)
    return [replace(one, current=one is here) for one in shown]


def home_of(role: Role) -> str:
    """Where somebody lands who has just signed in."""
    return sections(role, path="")[0].href


def _is_within(path: str, section: Section) -> bool:
    places = [place for place in (section.href, section.also) if place]
    return any(path == place or path.startswith(f"{place}/") for place in places)

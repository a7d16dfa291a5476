"""What is new in a row of items, and where it goes."""

from collections.abc import Mapping, Sequence

from interfaces.admin.conversation.conversation import Item
from interfaces.admin.conversation.patches import Patch


def is_within(some: Sequence[Item], all_: Sequence[Item]) -> bool:
    """Are these among those, in the same order?"""
    if some is all_:
        return True
    rest = iter(all_)
    return all(any(one is other for other in rest) for one in some)


def inserted(items: Sequence[Item], *, html: Mapping[Item, str]) -> list[Patch]:
    """The items that have HTML are new: each goes before the next one, or to the end."""
    patches: list[Patch] = []
    at_end: list[Patch] = []
    follower: Item | None = None
    for item in reversed(items):
        if item not in html:
            follower = item
        elif follower is None:
            at_end.append(Patch("append", "conversation", html[item]))
        else:
            patches.append(Patch("before", follower.element_id, html[item]))
            follower = item
    return patches + at_end[::-1]

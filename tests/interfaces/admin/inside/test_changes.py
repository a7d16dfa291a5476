"""What an event changed, for people."""

from application.audit.difference import Difference, RowChanges
from domain.jsonvalue import JsonObject
from interfaces.admin.inside.asked import parts_of
from interfaces.admin.inside.changes import Change, changes_of
from interfaces.admin.inside.event_rows import Paper

NONE = RowChanges([], [], {})
ID = "01a20606-43c0-78e9-8517-d7441d622481"


def test_text_that_grew_is_told_by_what_came() -> None:
    grown = RowChanges([], [], {ID: {"text": ("Hello", "Hello you"), "position": (1, 2)}})
    found = changes_of(Difference({}, NONE, grown, NONE), sees_all=False)
    assert found == [Change("changed", "Answer", ID, "text", "5 characters", "…  you")]


def test_new_rows_are_told_by_what_is_in_them() -> None:
    row: JsonObject = {
        "id": ID,
        "status": "pending",
        "model": None,
        "attempts": 0,
        "message_id": ID,
    }
    found = changes_of(Difference({}, NONE, RowChanges([row], [], {}), NONE), sees_all=True)
    assert [(one.field, one.new) for one in found] == [
        ("status", "pending"),
        ("message_id", "…1d622481"),
    ]


def test_owners_are_spared_what_is_only_for_operators() -> None:
    changed = RowChanges([], [], {ID: {"error_details": (None, {"status": 529})}})
    found = Difference({"archived": (False, True)}, NONE, changed, NONE)
    assert [one.field for one in changes_of(found, sees_all=False)] == ["archived"]
    assert len(changes_of(found, sees_all=True)) == 2


def test_a_body_is_folded_by_message() -> None:
    body = (
        b'{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"Hi  there"}]},'
        b'{"role":"assistant","content":"Yes"}],"tools":[{"function":{"name":"look"}}],"stop":[]}'
    )
    parts = parts_of(body, Paper())
    assert [(part.label, part.gist) for part in parts] == [
        ("Settings", "model, stop"),
        ("Message 1", "user: Hi there"),
        ("Message 2", "assistant: Yes"),
        ("Tool 1", "look"),
    ]

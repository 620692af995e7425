"""How the kinds of events are read from the code, on a package made for it."""

from pathlib import Path

import pytest
from docs.event_kinds import event_kinds

HEAD = "from somewhere import EventDraft\n"
OTHER = """
from typing import Literal
from package.drafts import draft_of

Kind = Literal["ended_well", "ended_badly"]

class Action:
    kind: Kind

def call(well):
    draft_of(1, "from_elsewhere")
"""


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ('EventDraft(kind="literal", subject="x")', {"literal"}),
        ('EventDraft("first", subject="x")', {"first"}),
        ('KIND = "constant"\nEventDraft(kind=KIND)', {"constant"}),
        ('KIND: str = "constant"\nevents.EventDraft(kind=KIND)', {"constant"}),
        ('EventDraft(kind="one" if a else "other")', {"one", "other"}),
        ('_KINDS: dict[str, str] = {"a": "row_a", "b": "row_b"}\nEventDraft(kind=_KINDS[a.b])', {"row_a", "row_b"}),
        ("from package.other import Action\ndef f(a):\n    EventDraft(kind=a.kind)", {"ended_well", "ended_badly"}),
        ('def f(x, kind):\n    EventDraft(kind=kind)\nf(1, "placed")\nf(2, kind="named")', {"placed", "named"}),
        (
            'class A:\n    def f(self, kind):\n        EventDraft(kind=kind)\n    def g(self):\n        self.f("own")',
            {"own"},
        ),
        (
            'def f(*, kind):\n    EventDraft(kind=kind)\ndef g(kind):\n    f(kind=kind)\ng("through_two")',
            {"through_two"},
        ),
        ('def f():\n    a, kind = (1, "x") if b else (2, "y")\n    EventDraft(kind=kind)', {"x", "y"}),
        ("def f(kind):\n    EventDraft(kind=kind)\n    f(kind)", set()),
        ("def draft_of(x, kind):\n    EventDraft(kind=kind)", {"from_elsewhere"}),
        ('Other(kind="no_event")', set()),
    ],
)
def test_a_kind_is_found_however_it_is_given(tmp_path: Path, code: str, kinds: set[str]) -> None:
    package = tmp_path / "package"
    (package / "testing").mkdir(parents=True)
    (package / "drafts.py").write_text(HEAD + code)
    (package / "other.py").write_text(OTHER)
    (package / "testing" / "kit.py").write_text(HEAD + 'EventDraft(kind="of_a_test")')
    assert event_kinds(package) == kinds


def test_kinds_that_come_from_tables_and_by_position_are_among_those_of_the_package() -> None:
    assert {
        "incident_acknowledged",
        "incident_commented",
        "incident_resolve_asked",
        "incident_opened",
        "retrain_settled",
        "release_paused",
        "job_ended",
        "run_finished",
    } <= event_kinds()

from typing import Any

from tests.app import conftest as app

from loopwright.export.chain import chain
from loopwright.pictures.sections import EventList, Text

Project = Any
_trained, own_modules, project = app._trained, app.own_modules, app.project


def test_causes_come_before_effects_and_digests_are_short(project: Project) -> None:
    (found,) = chain(project.workspace(), "model:small@champion")
    assert isinstance(found, EventList)
    kinds = [event.kind for event in found.events]
    assert kinds.index("run_started") < kinds.index("ref_moved")
    assert all(len(word) < 40 for event in found.events for word in event.text.split())


def test_what_nobody_knows_is_said(project: Project) -> None:
    (found,) = chain(project.workspace(), "incident:inc_none")
    assert isinstance(found, Text)

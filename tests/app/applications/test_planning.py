"""What a run would judge."""

from pathlib import Path

from tests.app.applications.conftest import Declare

from loopwright.app.applications.planning import ApplicationPlan, plan_application
from loopwright.app.run import run_loop


def _planned(declare: Declare, **given: object) -> ApplicationPlan:
    workspace, loaded = declare(**given)
    assert loaded.loop.application is not None
    return plan_application(workspace, loaded, loaded.loop.application)


def test_before_the_first_run_everything_is_new(declare: Declare) -> None:
    assert _planned(declare).first


def test_nothing_is_to_be_judged_where_nothing_changed(declare: Declare) -> None:
    run_loop(*declare())
    assert _planned(declare).unchanged


def test_changed_words_and_documents_are_named(declare: Declare, project: Path) -> None:
    run_loop(*declare())
    (project / "docs/tls.md").write_text("# TLS\n\nThe ports speak TLS 1.3.\n")
    (project / "docs/new.md").write_text("# New\n\nSomething.\n")
    found = _planned(declare, limit=2)
    assert not found.unchanged
    assert [one.where for one in found.changes] == ["retrieval.limit"]
    assert found.documents is not None
    assert (found.documents.changed, found.documents.added) == (("docs/tls.md",), ("docs/new.md",))

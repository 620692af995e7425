"""An application's way through its gate, from the loop file to the arms."""

from pathlib import Path

import pytest
from tests.app.applications.conftest import Declare

from loopwright.app.arms import current_arms
from loopwright.app.card import card
from loopwright.app.evaluations.results import kept_results
from loopwright.app.loop_run import Judged, Override
from loopwright.app.reproduce import reproduce
from loopwright.app.run import run_loop
from loopwright.app.versions import champion_of
from loopwright.errors import ApprovalMissingError, GateFailedError, NoVerdictError, UsageError
from loopwright.registry.card import card_markdown
from loopwright.registry.version import versions
from loopwright.serving.applications.bundle import read_application


def _judged(declare: Declare, *, override: Override | None = None, **given: object) -> Judged:
    workspace, loaded = declare(**given)
    judged = run_loop(workspace, loaded, override=override).judged
    assert judged is not None
    return judged


def test_the_first_version_that_passes_is_champion_and_its_bundle_pins_all_of_it(declare: Declare) -> None:
    judged = _judged(declare)
    workspace, _ = declare()
    assert (judged.status, judged.number, judged.metrics) == ("champion", 1, {"contains": 1.0})
    assert [verdict.check for verdict in judged.verdicts] == ["answers_its_example", "cases"]
    application, index = read_application(workspace.stores.blobs, judged.version)
    assert application.prompt is not None
    assert (application.prompt.name, index is not None) == ("answer", True)
    (result,) = kept_results(workspace, limit=10)
    assert (result.evaluation, result.version) == ("cases", judged.version)


def test_the_same_declaration_over_the_same_documents_is_the_same_version(declare: Declare) -> None:
    first, again = _judged(declare), _judged(declare)
    assert (again.status, again.version) == ("unchanged", first.version)


@pytest.mark.parametrize("what", ["prompt", "documents", "limit"])
def test_whatever_could_change_an_answer_makes_another_version(declare: Declare, project: Path, what: str) -> None:
    first = _judged(declare)
    if what == "documents":
        (project / "docs/more.md").write_text("# More\n\nA token opens everything.\n")
    changed = {"prompt": {"instruction": "Be short."}, "limit": {"limit": 2}}.get(what, {})
    second = _judged(declare, **changed)
    assert (second.status, second.number) == ("promoted", 2)
    assert second.version != first.version


def test_a_version_that_fails_its_cases_is_refused_and_the_champion_stays(declare: Declare, project: Path) -> None:
    first = _judged(declare)
    (project / "docs/keys.md").write_text("# Keys\n\nNothing is said here.\n")
    with pytest.raises(GateFailedError, match="bot") as refused:
        _judged(declare)
    assert "contains" in refused.value.why
    workspace, _ = declare()
    assert champion_of(workspace, "bot") == first.version
    assert len(versions(workspace.stores.ledger, "bot")) == 1


def test_an_override_lets_it_into_canary_only(declare: Declare, project: Path) -> None:
    word = Override(reason="the docs are being rewritten", actor="user:ada")
    with pytest.raises(ApprovalMissingError):
        _judged(
            declare,
            at_least=1.0,
            override=word,
            limit=1,
            instruction="x",
            gate='evals.evaluation("cases.jsonl", evals.exact(), at_least=1.0)',
        )
    first = _judged(declare)
    (project / "docs/keys.md").write_text("# Keys\n\nNothing is said here.\n")
    judged = _judged(declare, override=word, release="lw.Canary()")
    workspace, _ = declare()
    arms = current_arms(workspace, "bot")
    assert judged.status == "releasing"
    assert arms is not None
    assert (arms.champion.version, [arm.version for arm in arms.canaries]) == (first.version, [judged.version])


def test_a_candidate_is_compared_with_the_champion_on_the_same_cases(declare: Declare, project: Path) -> None:
    _judged(declare)
    (project / "docs/keys.md").write_text("# Keys\n\nNothing is said here.\n")
    with pytest.raises((GateFailedError, NoVerdictError)) as refused:
        _judged(declare, at_least=None, margin=0.05)
    assert "contains gains -" in refused.value.why


def test_an_upstream_that_is_away_is_no_verdict_and_nothing_is_registered(declare: Declare) -> None:
    away = 'llm.Upstream(name="away", url="http://127.0.0.1:9/v1", model="m")'
    with pytest.raises(NoVerdictError) as refused:
        _judged(declare, upstream=away)
    assert "answers_its_example" in refused.value.why
    workspace, _ = declare()
    assert versions(workspace.stores.ledger, "bot") == ()


def test_without_a_gate_a_version_must_still_answer_its_example(declare: Declare) -> None:
    assert _judged(declare, gate="").status == "champion"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"gate": 'lw.at_least("roc_auc", 0.9)'}, "about a model's answers to rows"),
        ({"gate": 'evals.evaluation("none*.jsonl", evals.contains(), at_least=0.5)'}, "none"),
    ],
)
def test_a_gate_that_cannot_judge_an_application_is_refused(
    declare: Declare, given: dict[str, object], words: str
) -> None:
    with pytest.raises(Exception, match=words):
        _judged(declare, **given)


def test_an_index_that_is_not_declared_is_named(declare: Declare, project: Path) -> None:
    declare()
    text = (project / "loop.py").read_text().replace('Retrieval(index="docs"', 'Retrieval(index="other"')
    (project / "loop.py").write_text(text)
    from loopwright.app.loop_file import load_loop
    from loopwright.app.workspace import open_workspace

    with pytest.raises(UsageError, match="'other', which the loop file does not declare"):
        run_loop(open_workspace(project, create=True), load_loop(project / "loop.py", project))


def test_a_release_goes_by_the_loop_s_strategy(declare: Declare) -> None:
    first = _judged(declare)
    second = _judged(declare, limit=2, release="lw.Canary(steps=[10, 100], guards=[lw.error_guard()])")
    workspace, _ = declare()
    arms = current_arms(workspace, "bot")
    assert (second.status, second.release is not None) == ("releasing", True)
    assert arms is not None
    assert [(arm.name, arm.version, arm.share) for arm in arms.arms] == [
        ("champion", first.version, 0.9), ("candidate", second.version, 0.1),
    ]  # fmt: skip


def test_the_card_says_what_was_declared_and_reproduce_why_there_is_nothing_to_train(declare: Declare) -> None:
    _judged(declare)
    workspace, loaded = declare()
    text = card_markdown(card(workspace, "bot"))
    assert "| prompt.name | answer |" in text
    assert "## Features" not in text
    with pytest.raises(UsageError, match="declared and not trained"):
        reproduce(workspace, loaded, "bot@champion")

"""Aliases of prompts: moved, protected, remembered."""

import pytest

from loopwright.app.applications.bundle import manifest_of_application
from loopwright.app.prompts.aliases import alias_history, move_alias, protect_alias, protection_of
from loopwright.app.prompts.evidence import last_verdict, prompt_in
from loopwright.app.prompts.pushing import push_prompt
from loopwright.app.workspace import Workspace
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import GateFailedError, NotFoundError, NoVerdictError, UsageError
from loopwright.llm.application import Application
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.prompts.registry import find_version
from loopwright.llm.route import Route, Upstream
from loopwright.registry.bundle import put_bundle
from loopwright.registry.judgement import Judgement, record_judgement

ROUTE = Route(upstreams=(Upstream(name="main", url="http://127.0.0.1:1/v1", model="m"),))


def prompt(text: str) -> Prompt:
    return Prompt(name="say", user=text)


def push(workspace: Workspace, *texts: str) -> list[Digest]:
    return [push_prompt(workspace, prompt(text)).version.digest for text in texts]


def bundled(workspace: Workspace, text: str) -> Digest:
    application = Application(route=ROUTE, prompt=prompt(text))
    manifest = manifest_of_application(workspace, application, index=None, made={})
    return put_bundle(workspace.stores.blobs, manifest)


def judged(workspace: Workspace, candidate: Digest, outcome: Outcome, check: str = "questions") -> None:
    verdict = Verdict(check=check, outcome=outcome, reason="contains 0.4 < 0.5")
    made = Judgement(
        id=workspace.ids("jud"), name="bot", candidate=candidate, outcome=outcome, verdicts=(verdict,)
    )  # fmt: skip
    record_judgement(workspace.stores.ledger, made, namespace=workspace.namespace)


def target(workspace: Workspace, selector: str) -> int:
    return find_version(workspace.stores.ledger, selector).number


def test_an_alias_points_where_it_was_moved_and_remembers_who_and_why(workspace: Workspace) -> None:
    push(workspace, "a", "b")
    move_alias(workspace, "say:1", "production", reason="first")
    moved = move_alias(workspace, "say", "production", reason="shorter")
    assert target(workspace, "say@production") == 2
    assert moved.before == find_version(workspace.stores.ledger, "say:1").digest
    past = alias_history(workspace, "say", "production")
    assert [(move.number, move.reason, move.actor) for move in past] == [
        (1, "first", workspace.actor), (2, "shorter", workspace.actor),
    ]  # fmt: skip
    assert past[1].event == moved.event


@pytest.mark.parametrize("alias", ["", "latest", "7", "a/b", "../x", "A"])
def test_some_names_are_no_aliases(workspace: Workspace, alias: str) -> None:
    push(workspace, "a")
    with pytest.raises(UsageError):
        move_alias(workspace, "say", alias, reason="")


def test_an_alias_that_points_there_already_does_not_move(workspace: Workspace) -> None:
    push(workspace, "a")
    move_alias(workspace, "say", "production", reason="")
    with pytest.raises(UsageError, match="already"):
        move_alias(workspace, "say", "production", reason="")


def test_a_protected_alias_moves_only_where_its_evaluation_passed(workspace: Workspace) -> None:
    push(workspace, "a", "b")
    protect_alias(workspace, "say", "production", by="questions")
    with pytest.raises(NoVerdictError, match="has not judged"):
        move_alias(workspace, "say:1", "production", reason="")
    judged(workspace, bundled(workspace, "b"), Outcome.PASS)
    with pytest.raises(NoVerdictError):
        move_alias(workspace, "say:1", "production", reason="")
    judged(workspace, bundled(workspace, "a"), Outcome.PASS, check="another evaluation")
    with pytest.raises(NoVerdictError):
        move_alias(workspace, "say:1", "production", reason="")
    judged(workspace, bundled(workspace, "a"), Outcome.PASS)
    assert move_alias(workspace, "say:1", "production", reason="").override == ""
    assert target(workspace, "say@production") == 1


def test_the_newest_verdict_counts_and_says_why_it_refuses(workspace: Workspace) -> None:
    push(workspace, "a")
    protect_alias(workspace, "say", "production", by="questions")
    candidate = bundled(workspace, "a")
    judged(workspace, candidate, Outcome.PASS)
    judged(workspace, candidate, Outcome.FAIL)
    with pytest.raises(GateFailedError, match="questions") as refused:
        move_alias(workspace, "say", "production", reason="")
    assert "contains 0.4 < 0.5" in refused.value.why
    with pytest.raises(NotFoundError):
        alias_history(workspace, "say", "production")
    judged(workspace, candidate, Outcome.UNKNOWN)
    with pytest.raises(NoVerdictError):
        move_alias(workspace, "say", "production", reason="")


def test_a_verdict_on_the_prompt_itself_counts(workspace: Workspace) -> None:
    (digest,) = push(workspace, "a")
    protect_alias(workspace, "say", "production", by="questions")
    judged(workspace, digest, Outcome.PASS)
    assert move_alias(workspace, "say", "production", reason="").number == 1


def test_an_override_is_recorded_with_its_reason(workspace: Workspace) -> None:
    push(workspace, "a")
    protect_alias(workspace, "say", "production", by="questions")
    moved = move_alias(workspace, "say", "production", reason="", override="the shop is down")
    assert moved.override == "the shop is down"
    (move,) = alias_history(workspace, "say", "production")
    assert (move.override, move.actor) == ("the shop is down", workspace.actor)
    (event,) = workspace.stores.ledger.read(after=moved.event - 1, limit=1)
    assert (event.kind, event.data["by"], event.data["override"]) == ("prompt_moved", "questions", "the shop is down")


def test_an_override_that_was_not_needed_is_none(workspace: Workspace) -> None:
    push(workspace, "a", "b")
    assert move_alias(workspace, "say:1", "production", reason="", override="just in case").override == ""


def test_protection_can_be_taken_away_and_is_for_one_alias(workspace: Workspace) -> None:
    push(workspace, "a")
    protect_alias(workspace, "say", "production", by="questions")
    assert protection_of(workspace, "say", "production") == "questions"
    assert protection_of(workspace, "say", "staging") == ""
    move_alias(workspace, "say", "staging", reason="")
    protect_alias(workspace, "say", "production", by=None)
    assert move_alias(workspace, "say", "production", reason="").number == 1
    with pytest.raises(NotFoundError):
        protect_alias(workspace, "nothing", "production", by="questions")


def test_only_applications_hold_prompts(workspace: Workspace) -> None:
    assert prompt_in(workspace, bundled(workspace, "a")) == prompt("a").digest
    assert prompt_in(workspace, "0" * 64) is None
    assert prompt_in(workspace, workspace.stores.blobs.put(b"{}")) is None
    assert last_verdict(workspace, prompt("a").digest, evaluation="questions") is None

"""One turn of live evaluation: new answers of the sample are judged, and the verdicts become metrics of requests."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from loopwright.app.applications.opening import OpenedApplications
from loopwright.app.evaluations.logged import LoggedCall, logged_calls
from loopwright.app.evaluations.opened import RouteJudge
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND, Micros
from loopwright.errors import LoopwrightError
from loopwright.evals.answer import Answer
from loopwright.evals.judges.judge import Judge
from loopwright.evals.judges.judge_scorer import bound
from loopwright.evals.live_traffic import METRIC, Live
from loopwright.evals.score import Score
from loopwright.evals.scorer import Scorer
from loopwright.evals.spending import LimitedJudge, Spending
from loopwright.observations.labels import LabelRow, append_labels

SOURCE = "evaluation/live"
_LONGEST_LOOK: Micros = 3600 * SECOND
_SETTLED: Micros = 5 * SECOND
"""Rows of streams are written after their answers: what is younger waits for the next turn."""
_CURSOR_BATCH = 20


class LiveTurn(msgspec.Struct, frozen=True, kw_only=True):
    """What one turn did.

    Attributes:
        calls: New calls with content.
        judged: Those of the sample that were judged.
        left_out: Those of the sample for which there was no room in this turn; they are not judged later.
        verdicts: How often each scorer said what, as `faithfulness/pass`.
        judging_usd: What it cost.
        until: Up to where the log has been looked at.
    """

    calls: int
    judged: int
    left_out: int
    verdicts: Mapping[str, int]
    judging_usd: float
    until: Micros


async def live_turn(workspace: Workspace, endpoint: str, live: Live) -> LiveTurn:
    """Judge what is new since the last turn; of a first one, of the last hour.

    A turn that is killed is done again from where its last verdicts were kept: a verdict that is written twice counts
    once.

    Raises:
        NotFoundError: The log keeps no content.
        StoreError: Verdicts cannot be kept.
    """
    now = workspace.clock.now()
    since, until = _cursor(workspace, endpoint, now), now - _SETTLED
    if until <= since:
        return LiveTurn(calls=0, judged=0, left_out=0, verdicts={}, judging_usd=0.0, until=since)
    calls = logged_calls(workspace, endpoint, since=since, until=until)
    sample = [call for call in calls if live.takes(call.request_id)]
    chosen = sample[-live.most_a_turn :]
    scores: list[Score] = []
    async with OpenedApplications(workspace, endpoint) as opened:
        scorers = bound(live.scorers, _judge(workspace, opened, live))
        for at in range(0, len(chosen), _CURSOR_BATCH):
            part = chosen[at : at + _CURSOR_BATCH]
            found = [await _scores(opened, call, scorers) for call in part]
            _keep(workspace, endpoint, part, scores=found)
            _move(workspace, endpoint, part[-1].at)
            scores += [score for some in found for score in some]
    _move(workspace, endpoint, until)
    return LiveTurn(
        calls=len(calls),
        judged=len(chosen),
        left_out=len(sample) - len(chosen),
        verdicts=dict(Counter(f"{score.scorer}/{score.verdict}" for score in scores)),
        judging_usd=sum(score.cost_usd for score in scores),
        until=until,
    )


def _judge(workspace: Workspace, opened: OpenedApplications, live: Live) -> Judge:
    judge = RouteJudge(opened, workspace)
    return judge if live.most_usd_a_turn is None else LimitedJudge(judge, Spending(live.most_usd_a_turn))


async def _scores(opened: OpenedApplications, call: LoggedCall, scorers: Sequence[Scorer]) -> list[Score]:
    answer = _with_passages(opened, call)
    found = []
    for scorer in scorers:
        try:
            found.append(await scorer.score(call.case, answer))
        except Exception as error:  # noqa: BLE001 - boundary: a scorer may be the user's code; the score records it
            why = f"the scorer crashed: {type(error).__name__}: {error}"[:300]
            found.append(Score(scorer=scorer.name, verdict="no_verdict", reason=why))
    return found


def _with_passages(opened: OpenedApplications, call: LoggedCall) -> Answer:
    """The answer with its passages' texts: the log has ids, and the version's index finds the same passages again.
    Where it does not find all of them, as those that only some readers may see, judges of passages have no verdict."""
    try:
        loaded = opened.loaded(call.version)
    except LoopwrightError:  # gone from the store: judges of passages have no verdict then
        return call.answer
    retrieval = loaded.application.retrieval
    if loaded.retriever is None or retrieval is None:
        return call.answer
    found = loaded.retriever.search(call.case.question, limit=retrieval.limit, where=retrieval.where)
    given = tuple(passage for passage in found if passage.id in call.passages)
    return msgspec.structs.replace(call.answer, passages=given if len(given) == len(call.passages) else ())


def _keep(
    workspace: Workspace, endpoint: str, calls: Sequence[LoggedCall], *, scores: Sequence[Sequence[Score]]
) -> None:
    now = workspace.clock.now()
    rows = [
        LabelRow(
            endpoint=endpoint, request_id=call.request_id, kind="reward", metric=METRIC + score.scorer,
            value=1.0 if score.verdict == "pass" else 0.0, event_time=call.at, at=now, source=SOURCE,
        )
        for call, some in zip(calls, scores, strict=True)
        for score in some
        if score.verdict != "no_verdict"
    ]  # fmt: skip
    if rows:
        append_labels(workspace.stores.tables, rows)


def _cursor(workspace: Workspace, endpoint: str, now: Micros) -> Micros:
    name = _name(endpoint)
    found = workspace.stores.kv.get_many([name]).get(name)
    return int(found) if found is not None else now - _LONGEST_LOOK


def _move(workspace: Workspace, endpoint: str, to: Micros) -> None:
    workspace.stores.kv.put_many({_name(endpoint): str(to).encode()})


def _name(endpoint: str) -> str:
    return f"eval/live/{endpoint}"

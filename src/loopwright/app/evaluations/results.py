"""Results of evaluations in the home: the whole as a blob, its figures as a record that lists are made of."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.core.codec import from_json, to_json
from loopwright.core.hashing import Digest
from loopwright.core.verdict import Verdict
from loopwright.errors import HomeTooNewError, NotFoundError
from loopwright.evals.result import FORM, EvaluationResult, Range
from loopwright.store.ledger import FacetValue, Record

KIND = "evaluation_result"
_LEAST_PREFIX = 5


class KeptResult(msgspec.Struct, frozen=True, kw_only=True):
    """One result, as lists show it.

    Attributes:
        id: `evl_…`.
        evaluation: The evaluation's name.
        subject: What was evaluated, as people call it: `bot@3f2a…`, or a model and its address.
        version: What was evaluated.
        cases: Digest of the set.
        rates: Pass rate by scorer.
        answers: Answers, errors among them.
        errors: How often each error came instead of one.
        cost_usd: What the answers cost, as far as their price is known.
        unpriced: Answers of unknown price.
        judging_usd: What the scores cost.
        verdict: What the evaluation's bounds say of it; None where it has none.
        blob: The whole result.
        at: When.
    """

    id: str
    evaluation: str
    subject: str
    version: Digest
    cases: Digest
    rates: Mapping[str, Range]
    answers: int
    errors: Mapping[str, int]
    cost_usd: float
    unpriced: int
    judging_usd: float
    blob: Digest
    verdict: Verdict | None = None
    at: Micros = 0


def keep_result(
    workspace: Workspace, result: EvaluationResult, *, evaluation: str, subject: str, verdict: Verdict | None
) -> KeptResult:
    """Write a result down: the blob first, so that a record never names what is not there.

    Raises:
        NoSpaceError, NoPermissionError, StoreBusyError: It is not kept.
    """
    kept = KeptResult(
        id=workspace.ids("evl"),
        evaluation=evaluation,
        subject=subject,
        version=result.version,
        cases=result.cases,
        rates={summary.scorer: summary.rate for summary in result.summaries},
        answers=len(result.rows),
        errors=result.errors,
        cost_usd=result.cost_usd,
        unpriced=result.unpriced,
        judging_usd=result.judging_usd,
        verdict=verdict,
        blob=workspace.stores.blobs.put(to_json(result)),
        at=workspace.clock.now(),
    )
    workspace.stores.ledger.commit(records=[_record(kept, workspace.namespace)])
    return kept


def kept_results(
    workspace: Workspace, *, evaluation: str | None = None, version: Digest | None = None, limit: int = 50
) -> tuple[KeptResult, ...]:
    """Results, newest first."""
    where: dict[str, FacetValue] = {"namespace": workspace.namespace}
    if evaluation is not None:
        where["evaluation"] = evaluation
    if version is not None:
        where["version"] = version
    found = workspace.stores.ledger.search(KIND, where=where, limit=limit)
    return tuple(msgspec.convert(record.data, KeptResult) for record in found)


def find_result(workspace: Workspace, text: str) -> KeptResult:
    """A result by its id, the beginning of it, or `latest`.

    Raises:
        NotFoundError: There is none, or more than one.
    """
    known = kept_results(workspace, limit=10_000)
    if text == "latest" and known:
        return known[0]
    short = text if text.startswith("evl_") else f"evl_{text}"
    named = [one for one in known if one.id.startswith(short) and len(short) >= _LEAST_PREFIX]
    if len(named) != 1:
        said = "more than one result is" if named else "no result is"
        raise NotFoundError(f"{said} named {text!r}", fix="Run `loopwright eval list` to see them.")
    return named[0]


def read_result(workspace: Workspace, kept: KeptResult) -> EvaluationResult:
    """The whole result.

    Raises:
        BlobMissingError, BlobCorruptError: It is gone.
        HomeTooNewError: A newer version wrote it.
    """
    data = workspace.stores.blobs.get(kept.blob)
    form = from_json(data, _Form).form
    if form > FORM:
        raise HomeTooNewError(f"the result {kept.id} was written by a newer version", why=f"its form is {form}")
    return from_json(data, EvaluationResult)


class _Form(msgspec.Struct, frozen=True):
    form: int = FORM


def _record(kept: KeptResult, namespace: str) -> Record:
    outcome = str(kept.verdict.outcome) if kept.verdict is not None else "none"
    facets: dict[str, FacetValue] = {
        "evaluation": kept.evaluation, "version": kept.version, "outcome": outcome, "namespace": namespace,
    }  # fmt: skip
    data: dict[str, Any] = msgspec.to_builtins(kept)
    return Record(kind=KIND, id=kept.id, data=data, facets=facets, at=kept.at)

"""Cases from traffic: what was asked, masked, with people's corrections as what is expected."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

from loopwright.app.evaluations.logged import LoggedCall
from loopwright.core.codec import to_json
from loopwright.errors import UsageError
from loopwright.evals.case import Case
from loopwright.llm.guards.declarations import personal_data, secrets
from loopwright.llm.guards.runner import GuardRunner


def traffic_cases(calls: Sequence[LoggedCall], *, size: int, seed: int = 0, reviewed: bool = False) -> tuple[Case, ...]:
    """Cases of calls, drawn by chance; of several that ask the same, one.

    Personal data and secrets whose form is known are masked, in what the log holds already masked too. Names of people
    and whatever has no form stay: read the cases before you share them.

    Args:
        calls: The calls.
        size: How many, at most.
        seed: Of the draw.
        reviewed: Whether only calls that a person said something of become cases, all of them before any is left out.

    Raises:
        UsageError: Nothing is wanted.
    """
    if size < 1:
        raise UsageError(f"size={size} is not at least 1")
    chosen = [call for call in calls if not reviewed or call.thumbs is not None or call.correction is not None]
    by_question = {to_json([call.case.messages, call.case.variables]): call for call in chosen}
    known = list(by_question.values())
    rng = np.random.default_rng(seed)
    drawn = sorted(rng.choice(len(known), size=min(size, len(known)), replace=False)) if known else []
    guards = GuardRunner((personal_data(action="redact"), secrets(action="redact")))
    return tuple(_case(known[at], guards) for at in drawn)


def case_lines(cases: Sequence[Case]) -> Iterator[str]:
    """Cases as lines of JSON, without the fields that say nothing."""
    for case in cases:
        kept = {name: value for name, value in msgspec.to_builtins(case).items() if value not in (None, [], {}, ())}
        yield to_json(kept).decode() + "\n"


def _case(call: LoggedCall, guards: GuardRunner) -> Case:
    """A call as a case, its answer beside it for people and judges to be held against."""
    case = call.case
    texts = [*(message["content"] for message in case.messages), call.answer.text, call.correction or ""]
    *said, answer, correction = (one.text for one in guards.incoming(texts))
    messages = [{**message, "content": text} for message, text in zip(case.messages, said, strict=True)]
    metadata = {"answer": answer, "version": call.version}
    if call.thumbs is not None:
        metadata["label"] = "pass" if call.thumbs else "fail"
    source = case.source if call.correction is None else f"review:{call.request_id}"
    return msgspec.structs.replace(
        case,
        messages=messages,
        variables=_masked(case.variables, guards),
        expected=correction or None,
        metadata=metadata,
        source=source,
    )


def _masked(value: Any, guards: GuardRunner) -> Any:
    """A JSON value with its texts masked."""
    if isinstance(value, str):
        return guards.incoming([value])[0].text
    if isinstance(value, Mapping):
        return {name: _masked(one, guards) for name, one in value.items()}
    return [_masked(one, guards) for one in value] if isinstance(value, list | tuple) else value

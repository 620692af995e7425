"""The declared default: what an endpoint answers where no version of it can."""

import math
from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.app.arms import current_arms, move_arms
from loopwright.app.workspace import Workspace
from loopwright.core.events import EventDraft
from loopwright.core.schema import Signature
from loopwright.errors import UsageError

_FIELDS = {
    "binary": ("prediction", "score"),
    "regression": ("score",),
    "multiclass": ("prediction", "probabilities"),
    "generation": ("text",),
}
_FORMS = {
    "binary": "{'prediction': one of the classes} or {'score': the probability of the second one}",
    "regression": "{'score': a number}",
    "multiclass": "{'prediction': one of the classes} or {'probabilities': one for each class}",
    "generation": "{'text': what is said}",
}


def default_answer(declared: Mapping[str, Any] | None, signature: Signature) -> dict[str, Any] | None:
    """The default in the form of an answer: `prediction`, and `score` or `probabilities` where they are declared.

    Args:
        declared: What the loop says; a prediction that follows from the numbers may be left out.
        signature: Of the model that it stands in for.

    Raises:
        UsageError: It is no answer that such a model could give.
    """
    if declared is None:
        return None
    unknown = sorted(set(declared) - set(_FIELDS[signature.task]) - {"prediction"})
    if unknown or not declared:
        raise _refused(declared, signature, f"it has {', '.join(map(repr, unknown)) or 'nothing in it'}")
    if signature.task == "regression":
        return _number(declared, signature)
    if signature.task == "generation":
        return _text(declared, signature)
    made: dict[str, Any] = {}
    if "score" in declared:
        made["score"] = _probability(declared["score"], declared, signature)
        made["prediction"] = signature.classes[int(made["score"] >= 0.5)]
    if "probabilities" in declared:
        made["probabilities"] = _probabilities(declared, signature)
        made["prediction"] = signature.classes[made["probabilities"].index(max(made["probabilities"]))]
    said = declared.get("prediction", made.get("prediction"))
    if not any(type(said) is type(one) and said == one for one in signature.classes):
        raise _refused(declared, signature, f"its prediction is none of {list(signature.classes)}")
    if said != made.get("prediction", said):
        raise _refused(declared, signature, f"its numbers say {made['prediction']!r}, its prediction {said!r}")
    return {**made, "prediction": said}


def _text(declared: Mapping[str, Any], signature: Signature) -> dict[str, Any]:
    if not isinstance(declared.get("text"), str):
        raise _refused(declared, signature, "its text is none")
    return {"text": declared["text"]}


def declare_default(
    workspace: Workspace, endpoint: str, default: dict[str, Any] | None, *, caused_by: tuple[int, ...]
) -> tuple[int, ...]:
    """Let the endpoint's arms say this default from now on; nothing where they do already. Returns the events.

    Raises:
        ConflictError: Somebody else moved the arms meanwhile; nothing was written.
    """
    arms = current_arms(workspace, endpoint)
    if arms is None or arms.default == default:
        return ()
    draft = EventDraft(
        kind="default_declared",
        subject=f"endpoint:{endpoint}",
        data={"default": default},
        caused_by=caused_by,
        actor=workspace.actor,
        logical_at=workspace.clock.now(),
    )
    following = msgspec.structs.replace(arms, revision=arms.revision + 1, default=default)
    return move_arms(workspace, following, events=[draft])


def _number(declared: Mapping[str, Any], signature: Signature) -> dict[str, Any]:
    value = declared.get("score", declared.get("prediction"))
    if not _is_number(value) or declared.get("prediction", value) != value:
        raise _refused(declared, signature, f"{value!r} is no finite number")
    return {"prediction": float(value), "score": float(value)}


def _probability(value: Any, declared: Mapping[str, Any], signature: Signature) -> float:
    if not _is_number(value) or not 0 <= value <= 1:
        raise _refused(declared, signature, f"{value!r} is no probability")
    return float(value)


def _probabilities(declared: Mapping[str, Any], signature: Signature) -> list[float]:
    given = declared["probabilities"]
    if not isinstance(given, list | tuple) or len(given) != len(signature.classes):
        raise _refused(declared, signature, f"there are {len(signature.classes)} classes")
    made = [_probability(value, declared, signature) for value in given]
    if abs(math.fsum(made) - 1) > 1e-6:
        raise _refused(declared, signature, f"its probabilities add up to {math.fsum(made):g}")
    return made


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refused(declared: Mapping[str, Any], signature: Signature, why: str) -> UsageError:
    form = _FORMS[signature.task]
    return UsageError(
        f"the declared default {dict(declared)!r} is no answer of a {signature.task} model",
        why=why,
        fix=f"Write lw.Loop(..., default={form}).",
    )

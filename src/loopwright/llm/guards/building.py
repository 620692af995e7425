"""What does the work of a declared guard: its detector or shaper."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from loopwright.errors import UsageError
from loopwright.llm.embedder import Embedder
from loopwright.llm.guard import Guard
from loopwright.llm.guards.detector import Detector, Shaper
from loopwright.llm.guards.detectors.length import Length
from loopwright.llm.guards.detectors.personal_data import PersonalData
from loopwright.llm.guards.detectors.prompt_injection import THRESHOLD, PromptInjection
from loopwright.llm.guards.detectors.secrets import Secrets
from loopwright.llm.guards.detectors.topics import Topics
from loopwright.llm.guards.detectors.toxicity import Toxicity
from loopwright.llm.guards.detectors.valid_json import ValidJson

_PRESIDIO = "loopwright.integrations.presidio"


def build(guard: Guard, *, embedder: Embedder | None = None) -> Detector | Shaper:
    """The detector or shaper of a guard.

    Raises:
        UsageError: There is no such kind of guard, an option is none of its own or has a wrong value, or it needs an
            embedder and there is none.
        MissingExtraError: It needs a library that is not installed.
    """
    maker = _MAKERS.get(guard.kind)
    if maker is None:
        raise UsageError(f"there is no guard of kind {guard.kind!r}", fix=f"One of: {', '.join(sorted(_MAKERS))}.")
    make, known = maker
    if odd := sorted({*guard.options} - known):
        raise UsageError(
            f"the guard {guard.label!r} has no option {odd[0]!r}", fix=f"It has: {', '.join(sorted(known))}."
        )
    try:
        return make(guard.options, embedder)
    except (TypeError, ValueError) as error:
        raise UsageError(f"an option of the guard {guard.label!r} has a wrong value", why=str(error)) from error


def checked(guard: Guard) -> Guard:
    """The guard, if it can be built here; what needs an embedder or a library is not tried."""
    if guard.options.get("engine") != "presidio" and not guard.options.get("similarity"):
        build(guard)
    return guard


def _personal_data(options: Mapping[str, Any], _: Embedder | None) -> Detector:
    engine = options.get("engine") or "patterns"
    if engine == "patterns":
        return PersonalData(tuple(options.get("kinds", ())))
    if engine != "presidio":
        raise UsageError(f"there is no engine {engine!r} of personal data", fix="Use `patterns` or `presidio`.")
    # Reached by name: what needs an optional library is no import of ours.
    made: Detector = import_module(_PRESIDIO).Presidio(tuple(options.get("kinds", ())))
    return made


def _secrets(options: Mapping[str, Any], _: Embedder | None) -> Detector:
    return Secrets(tuple(options.get("kinds", ())))


def _length(options: Mapping[str, Any], _: Embedder | None) -> Shaper:
    return Length(most=options.get("most"), least=options.get("least", 0))


def _prompt_injection(options: Mapping[str, Any], _: Embedder | None) -> Detector:
    if options.get("unsure", "block") not in ("block", "pass"):
        raise UsageError("what becomes of a text without a verdict is `block` or `pass`")
    return PromptInjection(options.get("threshold") or THRESHOLD)


def _topics(options: Mapping[str, Any], embedder: Embedder | None) -> Detector:
    return Topics(
        deny=options.get("deny", {}), allow=options.get("allow", {}), similarity=options.get("similarity", 0.0),
        embedder=embedder,
    )  # fmt: skip


def _toxicity(options: Mapping[str, Any], _: Embedder | None) -> Detector:
    return Toxicity(tuple(options.get("kinds", ())), tuple(options.get("words", ())))


def _json(options: Mapping[str, Any], _: Embedder | None) -> Shaper:
    return ValidJson(options.get("schema"))


_Maker = Callable[[Mapping[str, Any], Embedder | None], Detector | Shaper]
_MAKERS: dict[str, tuple[_Maker, frozenset[str]]] = {
    "personal_data": (_personal_data, frozenset({"kinds", "engine"})),
    "secrets": (_secrets, frozenset({"kinds"})),
    "prompt_injection": (_prompt_injection, frozenset({"threshold", "judge", "unsure"})),
    "topics": (_topics, frozenset({"deny", "allow", "similarity"})),
    "toxicity": (_toxicity, frozenset({"kinds", "words"})),
    "json": (_json, frozenset({"schema"})),
    "length": (_length, frozenset({"most", "least"})),
}

"""What makes a step's result what it is, in named parts, so that a change can be told by name."""

from typing import Any, Literal

import msgspec

from loopwright.core.codec import canonical
from loopwright.core.hashing import Digest, digest_bytes, digest_value

Part = Literal["code", "input", "data", "parameter", "environment", "unknown", "upstream", "new", "missing"]
_LONGEST_SHOWN = 200


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """Why a step runs: which part, what in it, and from what to what."""

    part: Part
    name: str = ""
    text: str = ""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """All that identifies a step's result but its inputs; known before anything runs.

    Attributes:
        code: Digest by piece of first-party code, as `helpers:clean`.
        parameters: JSON value by argument; a long one as its digest.
        environment: Version by distribution, and `python`, `platform`, `$VARIABLE`.
        data: Version by name, for a source.
        unknown: Why the step's result can never be reused, where it cannot.
    """

    code: dict[str, Digest] = {}
    parameters: dict[str, Any] = {}
    environment: dict[str, str] = {}
    data: dict[str, str] = {}
    unknown: tuple[str, ...] = ()


class Fingerprint(msgspec.Struct, frozen=True, kw_only=True):
    """A step's whole identity: `inputs` is the digest of every value it is given, by argument."""

    identity: Identity
    inputs: dict[str, Digest] = {}

    @property
    def digest(self) -> Digest:
        """Names the result that the step has or will have."""
        return digest_value(self)

    @property
    def seed(self) -> int:
        """The seed that follows from it, in 0 … 2**32 - 1."""
        return int(self.digest[:8], 16)


def shown(value: Any) -> Any:
    """A parameter as a fingerprint keeps it: itself, or its digest where it is long."""
    text = canonical(value)
    return value if len(text) <= _LONGEST_SHOWN else {"digest": digest_bytes(text)}


def identity_changes(old: Identity, new: Identity) -> tuple[Reason, ...]:
    """What differs, by name."""
    reasons = [*_code_changes(old.code, new.code)]
    for part, was, now in (
        ("parameter", old.parameters, new.parameters),
        ("data", old.data, new.data),
        ("environment", old.environment, new.environment),
    ):
        reasons += _value_changes(part, was, now)
    return tuple(reasons)


def changes(old: Fingerprint, new: Fingerprint) -> tuple[Reason, ...]:
    """What differs, by name, inputs included."""
    inputs = tuple(
        Reason(part="input", name=name, text=f"the input {name} is another value")
        for name in sorted(old.inputs.keys() | new.inputs.keys())
        if old.inputs.get(name) != new.inputs.get(name)
    )
    return identity_changes(old.identity, new.identity) + inputs


def _code_changes(old: dict[str, Digest], new: dict[str, Digest]) -> list[Reason]:
    reasons = []
    for name in sorted(old.keys() | new.keys()):
        module, _, what = name.partition(":")
        if name not in new:
            text = f"{what} in {module} is no longer used"
        elif name not in old:
            text = f"{what} in {module} is used now"
        else:
            text = f"{what} in {module} changed"
        if old.get(name) != new.get(name):
            reasons.append(Reason(part="code", name=name, text=text))
    return reasons


def _value_changes(part: Any, old: dict[str, Any], new: dict[str, Any]) -> list[Reason]:
    word = {"parameter": "the parameter", "data": "the data", "environment": "the package"}[part]
    reasons = []
    for name in sorted(old.keys() | new.keys()):
        if name in old and name in new and canonical(old[name]) == canonical(new[name]):
            continue
        before, after = _said(old, name), _said(new, name)
        label = name if name in ("python", "platform") or name.startswith("$") else f"{word} {name}"
        reasons.append(Reason(part=part, name=name, text=f"{label} changed from {before} to {after}"))
    return reasons


def _said(values: dict[str, Any], name: str) -> str:
    if name not in values:
        return "nothing"
    value = values[name]
    if isinstance(value, str) and len(value) == 64:
        return value[:12]
    return canonical(value).decode() if not isinstance(value, str) else value

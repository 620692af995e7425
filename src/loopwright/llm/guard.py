"""Guards: what may go into an application and come out of it, as declarations and findings."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

Action = Literal["block", "redact", "flag", "monitor"]
"""block: the call is refused, or the answer ended. redact: what was found is masked. flag: it passes, with a header and
in the log. monitor: it passes, in the log only."""
Direction = Literal["in", "out", "both"]


class Guard(msgspec.Struct, frozen=True, kw_only=True):
    """One guard; part of a bundle.

    Attributes:
        kind: Which detector: `personal_data`, `secrets`, `prompt_injection`, `topics`, `toxicity`, `json`, `length`.
        action: What happens with what it finds.
        direction: Where it looks.
        name: As logs and reports show it; the kind where empty.
        options: The detector's own, as its function in `llm.guards` documents them.
    """

    kind: str
    action: Action = "block"
    direction: Direction = "both"
    name: str = ""
    options: dict[str, Any] = {}

    @property
    def label(self) -> str:
        """How it is called."""
        return self.name or self.kind


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a detector found in a text. It holds no part of the text.

    Attributes:
        guard: The guard's label.
        kind: What, as `email` or `iban`.
        start: First character.
        end: The one after the last.
        action: What the guard does about it.
    """

    guard: str
    kind: str
    start: int
    end: int
    action: Action


class Guarded(msgspec.Struct, frozen=True, kw_only=True):
    """A text that guards let pass.

    Attributes:
        text: With everything masked that is to be.
        findings: All that was found, in the text as it was.
    """

    text: str
    findings: Sequence[Finding] = ()


def guards_of(data: Sequence[Mapping[str, Any]]) -> tuple[Guard, ...]:
    """Read a bundle's part. Raises msgspec.ValidationError."""
    return msgspec.convert(list(data), tuple[Guard, ...])

"""Where to look: what moved, which segments carry it, since when, and what was changed just before. Plain values."""

import msgspec

from loopwright.core.clock import Micros


class MovedColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column that a check holds responsible. `effect` is the distance that the check measures, on its own scale."""

    column: str
    check: str
    effect: float | None = None
    evidence: float | None = None


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one value of a category column, and how much of another column's change they carry.

    Attributes:
        target: The column that changed.
        column, value: Which rows.
        share_before, share_after: Their part of all rows.
        inside_before, inside_after: The target's mean among them.
        outside_before, outside_after: Its mean among all others.
        carries: Their part of the whole change of the mean: a change within them, and a change of their share
            (Kitagawa 1955). Above their share: the change sits there.
        z: Change inside less change outside, in standard errors.
    """

    target: str
    column: str
    value: str
    share_before: float
    share_after: float
    inside_before: float
    inside_after: float
    outside_before: float
    outside_after: float
    carries: float
    z: float


class Upstream(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was changed before.

    Attributes:
        what: `data`, `contract`, `code`, `features`, `release`, `champion`, `setting`, or `refusal`.
        said: In words.
        subject: To be used with `loopwright trace`.
        seq: Of the event; to be used as `event:SEQ`.
        at: When, by the workspace clock.
        before_us: How long before the change.
        routine: Whether the same happens every other day, as rows that land; it explains less.
    """

    what: str
    said: str
    subject: str
    seq: int
    at: Micros
    before_us: Micros
    routine: bool = False


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """Where to look.

    Attributes:
        changed_at: When the stream changed, as estimated; None where it could not be.
        changed_by: What the estimate rests on.
        columns: The strongest first.
        segments: Those that carry more of the change than their share; none stands out where it is empty.
        upstream: What was changed before, the nearest first.
        missing: What could not be found out, and why.
    """

    changed_at: Micros | None = None
    changed_by: str = ""
    columns: tuple[MovedColumn, ...] = ()
    segments: tuple[Segment, ...] = ()
    upstream: tuple[Upstream, ...] = ()
    missing: tuple[str, ...] = ()

    @property
    def suspect(self) -> Upstream | None:
        """What was changed last before the stream did; what happens all the time only where there is nothing else."""
        unusual = next((one for one in self.upstream if not one.routine), None)
        return unusual or (self.upstream[0] if self.upstream else None)

"""A check: the one form of judgement that gates, evaluations and guards share."""

from typing import Generic, Protocol, TypeVar

from loopwright.core.verdict import Verdict

C = TypeVar("C", contravariant=True)
E = TypeVar("E", contravariant=True)


class Check(Protocol, Generic[C, E]):
    """Judges a candidate against the evidence and, where there is one, the champion.

    A check never raises for want of evidence: it answers *unknown* or *not applicable*.
    """

    @property
    def name(self) -> str:
        """Unique within its gate, as `at_least(roc_auc, 0.62)`."""

    def __call__(self, candidate: C, champion: C | None, evidence: E) -> Verdict:
        """Judge."""

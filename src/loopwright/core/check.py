"""A check: the one form of judgement that gates, evaluations and guards share."""

from typing import Generic, Protocol, TypeVar

from loopwright.core.verdict import Verdict

C_contra = TypeVar("C_contra", contravariant=True)
E_contra = TypeVar("E_contra", contravariant=True)


class Check(Protocol, Generic[C_contra, E_contra]):
    """Judges a candidate against the evidence and, where there is one, the champion.

    A check never raises for want of evidence: it answers *unknown* or *not applicable*.
    """

    @property
    def name(self) -> str:
        """Unique within its gate, as `at_least(roc_auc, 0.62)`."""

    def __call__(self, candidate: C_contra, champion: C_contra | None, evidence: E_contra) -> Verdict:
        """Judge."""

"""Has the mean of a stream of losses changed, and where? By `river`: ADWIN, Page-Hinkley, DDM.

ADWIN (Bifet and Gavalda 2007) cuts its window where two parts of it differ; Page-Hinkley (Page 1954) sums what lies
above the mean; DDM (Gama and others 2004) watches the error rate for a rise by three standard deviations. They go
through the losses one by one, in order, and are run anew over the stream each time: a label that was corrected, or
came late, takes its place as if it had always been there.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from loopwright.errors import MissingExtraError
from loopwright.monitoring.rules.concept_drift import ConceptMethod
from loopwright.stats.arrays import Floats


class LossChange(msgspec.Struct, frozen=True, kw_only=True):
    """A place where the mean changed.

    Attributes:
        at: Place in the stream of the loss at which the detector said so.
        before: Mean loss since the change before this one.
        after: Mean loss from here to the next change or the end.
    """

    at: int
    before: float
    after: float

    @property
    def rose(self) -> bool:
        """Whether the model got worse."""
        return self.after > self.before


def loss_changes(losses: Floats, method: ConceptMethod) -> tuple[LossChange, ...]:
    """Every change that the detector says, oldest first.

    Args:
        losses: (n,) in [0, 1], in order of event time; for `ddm` 0 and 1 only.
        method: Which detector.

    Raises:
        MissingExtraError: `river` is not installed.
    """
    detector = _made(method)
    found = []
    for place, loss in enumerate(losses.tolist()):
        detector.update(loss if method != "ddm" else loss > 0.5)
        if detector.drift_detected:
            found.append(place)
    edges = [0, *found, losses.size]
    return tuple(
        LossChange(at=at, before=_mean(losses[edges[i] : at]), after=_mean(losses[at : edges[i + 2]]))
        for i, at in enumerate(found)
    )


def scaled_losses(errors: Floats, *, first: int) -> Floats:
    """(n,) absolute errors of a regression in [0, 1]: in units of the largest of the first ones but one in a hundred.

    Args:
        errors: (n,) not negative.
        first: How many of the oldest set the unit.
    """
    unit = float(np.quantile(errors[:first], 0.99)) if errors.size else 0.0
    return np.minimum(errors / (unit if unit > 0 else 1.0), 1.0)


def _made(method: ConceptMethod) -> Any:
    try:
        from river import drift
        from river.drift import binary
    except ImportError as error:
        raise MissingExtraError(
            "watching for a change of concept needs river",
            why=str(error),
            fix="Install it: pip install 'loopwright[river]'.",
        ) from error
    makers: dict[ConceptMethod, Callable[[], Any]] = {
        "adwin": drift.ADWIN,
        "page_hinkley": lambda: drift.PageHinkley(mode="up"),
        "ddm": binary.DDM,
    }
    return makers[method]()


def _mean(losses: Floats) -> float:
    return float(losses.mean()) if losses.size else float("nan")

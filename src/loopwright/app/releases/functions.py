"""A user's own guards: functions that are given what each arm answered since the last look."""

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl

from loopwright.release.evidence import Floats
from loopwright.release.rules import FunctionGuard


def values_of(guard: FunctionGuard, candidate: pl.DataFrame, champion: pl.DataFrame) -> Floats | None:
    """What the guard's function makes of the rows, `(n,)`; None where nothing is known.

    Args:
        guard: Which function.
        candidate: Requests that the candidate answered since the last look, with every column of the log.
        champion: Those of the champion.
    """
    try:
        found = np.atleast_1d(np.asarray(_function(guard.function)(candidate, champion), dtype=np.float64))
    except Exception:  # noqa: BLE001 - boundary: the user's own code; what it does not know is unknown
        return None
    return found if found.ndim == 1 and bool(np.isfinite(found).all()) else None


def _function(name: str) -> Callable[..., Any]:
    """The function `module:name`; the loop file's own module has been imported by whoever leads the loop."""
    module, _, qualname = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]

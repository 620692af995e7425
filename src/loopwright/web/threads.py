"""How the machine's cores are shared out among workers and their models."""

import os
import sys

from loopwright.core.settings import Settings

_POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def cores() -> int:
    """CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def worker_count(settings: Settings) -> int:
    """How many inference workers share the port."""
    return settings.whole("workers") or cores()


def threads_of(settings: Settings) -> int:
    """CPU threads of one worker's model: as set, or its share of the cores."""
    return settings.whole("model_threads") or max(1, cores() // worker_count(settings))


def thread_variables(settings: Settings) -> dict[str, str]:
    """Environment of a serving process: pools are sized when a library loads, by the whole machine unless told."""
    tables = max(1, cores() // worker_count(settings))
    return dict.fromkeys(_POOLS, str(threads_of(settings))) | {"POLARS_MAX_THREADS": str(tables)}


def told_threads(settings: Settings) -> dict[str, str]:
    """The same as a setting, for a worker that resolves its own: it does not know how many workers were asked for."""
    return {"LOOPWRIGHT_MODEL_THREADS": str(threads_of(settings))}

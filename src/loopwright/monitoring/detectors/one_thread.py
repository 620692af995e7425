"""Numerical work on one thread, whatever the libraries would take."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Keep OpenMP and BLAS to one thread within; for small work on machines that serve at the same time.

    On a busy machine the threads of boosted trees were measured to wait for one another twenty times as long as they
    work.
    """
    import sklearn.ensemble  # noqa: F401 - only libraries that are loaded already can be held
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield

"""Small work stays on one thread."""

import numpy as np
from threadpoolctl import threadpool_info

from loopwright.monitoring.detectors.one_thread import one_thread


def test_libraries_keep_to_one_thread_within_and_have_theirs_back():
    np.zeros((2, 2)) @ np.zeros((2, 2))
    with one_thread():
        within = [library["num_threads"] for library in threadpool_info()]
    assert within
    assert set(within) == {1}
    with one_thread():
        pass
    after = [library["num_threads"] for library in threadpool_info()]
    assert len(after) == len(within)

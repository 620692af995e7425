from concurrent.futures import ThreadPoolExecutor

from loopwright.core.ids import random_id
from loopwright.testing.ids import CountingIds


def test_each_prefix_counts_on_its_own():
    ids = CountingIds()
    assert [ids("run")[-1], ids("run")[-1], ids("model")[-1]] == ["1", "2", "1"]


def test_ids_have_the_form_of_real_ones():
    assert len(CountingIds()("run")) == len(random_id("run"))
    assert CountingIds()("run").startswith("run_")


def test_threads_never_get_the_same_id():
    ids = CountingIds()
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(lambda _: ids("run"), range(500)))) == 500

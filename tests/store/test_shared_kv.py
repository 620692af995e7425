import socket

import pytest

from loopwright.errors import SettingError, StoreBusyError
from loopwright.store.resting_kv import RestingKeyValues
from loopwright.store.shared_kv import open_shared
from loopwright.testing.clocks import ManualClock


def opened(url, **environment):
    return open_shared(url, setting="llm_cache_url", home="h1", clock=ManualClock(), environment=environment)


@pytest.mark.parametrize("url", ["", "memcached://h", "redis:h", "hush-word"])
def test_a_url_of_no_store_is_refused_unquoted(url):
    with pytest.raises(SettingError) as caught:
        opened(url)
    assert "llm_cache_url" in caught.value.what
    assert "hush-word" not in str(caught.value.as_dict())


def test_a_variable_that_is_not_set_is_named():
    with pytest.raises(SettingError) as caught:
        opened("env:CACHE_URL")
    assert "CACHE_URL" in caught.value.what


@pytest.mark.parametrize("scheme", ["redis", "rediss"])
def test_nothing_is_connected_to_before_it_is_used(scheme):
    pytest.importorskip("redis")
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"{scheme}://127.0.0.1:{nobody.getsockname()[1]}/0"
        kv = opened("env:CACHE_URL", CACHE_URL=url)
        assert isinstance(kv, RestingKeyValues)
        with pytest.raises(StoreBusyError):
            kv.get_many(["a"])

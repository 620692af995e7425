import asyncio
import gc

import pytest

from loopwright.web.garbage import keep_settled


class Endpoint:
    arms = None


@pytest.fixture
def thresholds():
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_is_loaded_is_not_looked_at_again(thresholds):
    async def run():
        endpoint = Endpoint()
        task = asyncio.create_task(keep_settled({"flights": endpoint}))
        await asyncio.sleep(0)
        before = gc.get_freeze_count()
        endpoint.arms = [["a model"]]
        await asyncio.sleep(0.4)
        task.cancel()
        return before, gc.get_freeze_count()

    before, after = asyncio.run(run())
    assert before == 0
    assert after > 1000

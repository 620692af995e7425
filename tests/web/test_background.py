import asyncio
import logging

from loopwright.errors import NoSpaceError
from loopwright.web import background
from loopwright.web.background import kept_up


def test_a_round_that_fails_is_logged_and_another_one_is_begun(monkeypatch, caplog):
    monkeypatch.setattr(background, "_PAUSE_S", 0.0)
    ends = [NoSpaceError("the disk is full")] * 5 + [ZeroDivisionError("a bug"), NoSpaceError("another disk"), None]

    async def run():
        over = asyncio.Event()

        async def work():
            end = ends.pop(0)
            if end is not None:
                raise end
            over.set()
            await asyncio.sleep(60)

        task = asyncio.create_task(kept_up("counting", work))
        await asyncio.wait_for(over.wait(), 5)
        task.cancel()

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert caplog.text.count("counting: LW406 the disk is full") == 1
    assert "another disk" in caplog.text
    assert "ZeroDivisionError" in caplog.text

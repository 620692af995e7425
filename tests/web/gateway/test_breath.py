"""Silent streams show that they live; those that speak, and those that have ended, say nothing more."""

import asyncio

from loopwright.web.gateway.breath import Breath


class Sent(list):
    async def __call__(self, message):
        self.append(message)


def breathed(seconds, *, speaking_every_s=None, every_s=0.02):
    """What is sent while nothing, or something every so often, is said for so long; and for a while afterwards."""
    sent = Sent()

    async def run():
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        with Breath(sent, every_s=every_s) as breath:
            while loop.time() < end:
                await asyncio.sleep(speaking_every_s or seconds)
                breath.spoken = speaking_every_s is not None
        before = len(sent)
        await asyncio.sleep(3 * every_s)
        assert len(sent) == before

    asyncio.run(run())
    return sent


def test_a_silent_stream_shows_that_it_lives_by_comments_of_events():
    sent = breathed(0.3)
    assert 2 <= len(sent) <= 15
    assert {(one["body"], one["more_body"]) for one in sent} == {(b": waiting\n\n", True)}


def test_a_stream_that_speaks_is_left_alone():
    assert breathed(0.4, speaking_every_s=0.01, every_s=0.15) == []


def test_a_comment_that_nobody_takes_is_not_followed_by_another():
    held = []

    async def run():
        async def send(message):
            held.append(message)
            await asyncio.Event().wait()

        with Breath(send, every_s=0.01):
            await asyncio.sleep(0.1)
        await asyncio.sleep(0)
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task() and not task.cancelling()]

    assert asyncio.run(run()) == []
    assert len(held) == 1

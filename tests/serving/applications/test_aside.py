"""Long work does not stand in the way of others."""

import asyncio
import threading

from loopwright.serving.applications.aside import MOST_CHARACTERS, aside


def thread_of(characters):
    return asyncio.run(aside(characters, threading.get_ident))


def test_short_texts_are_looked_at_at_once_and_long_ones_in_a_thread():
    assert thread_of(MOST_CHARACTERS) == threading.get_ident()
    assert thread_of(MOST_CHARACTERS + 1) != threading.get_ident()


def test_others_go_on_while_a_long_text_is_looked_at():
    async def both():
        begun, other = threading.Event(), asyncio.Event()

        def work():
            begun.set()
            return asyncio.run_coroutine_threadsafe(other.wait(), loop).result(5.0)

        loop = asyncio.get_running_loop()
        looking = asyncio.create_task(aside(MOST_CHARACTERS + 1, work))
        while not begun.is_set():
            await asyncio.sleep(0)
        other.set()
        return await looking

    assert asyncio.run(both())

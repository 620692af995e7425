import asyncio
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from tests.llm.cache.asks import answer

from loopwright.core.clock import SECOND
from loopwright.errors import StoreBusyError
from loopwright.llm.cache.exact import LARGEST_BYTES, MOST_WAITING, PREFIX, TOGETHER_S, ExactAnswers
from loopwright.llm.cache.kept_answer import KeptAnswer
from loopwright.llm.cache.tally import Tally
from loopwright.store.backends.sqlite_kv import SqliteKeyValues
from loopwright.testing.clocks import ManualClock


class Home:
    """A home's key-value file, and the processes that share it."""

    def __init__(self, path):
        self.clock = ManualClock()
        self.kv = SqliteKeyValues(path, clock=self.clock)
        self.writer = ThreadPoolExecutor(1)
        self.tally = Tally()

    def process(self, memory_bytes=1 << 20):
        return ExactAnswers(lambda: self.kv, writer=self.writer, memory_bytes=memory_bytes, tally=self.tally)

    def written(self):
        self.writer.submit(lambda: None).result()

    def kept(self, text="Yes."):
        return KeptAnswer(at=self.clock.now(), reply=answer(text, tool_calls=({"name": "f", "arguments": "{}"},)))


@pytest.fixture
def home(tmp_path):
    made = Home(tmp_path / "kv.db")
    yield made
    made.writer.shutdown()
    made.kv.close()


def test_an_answer_is_there_at_once_and_for_another_process_soon(home):
    one, other = home.process(), home.process()
    kept = home.kept()
    one.keep("k", kept, longest_s=60)
    assert one.look("k", now=home.clock.now(), longest_s=60) == kept
    home.written()
    assert other.look("k", now=home.clock.now(), longest_s=60) == kept
    assert other.look("other", now=home.clock.now(), longest_s=60) is None


def test_answers_of_a_moment_go_to_the_home_by_one_write(home, monkeypatch):
    writes = []
    put_many = home.kv.put_many
    monkeypatch.setattr(home.kv, "put_many", lambda items, **more: (writes.append(len(items)), put_many(items, **more)))
    one = home.process()

    async def serve():
        for number in range(5):
            one.keep(str(number), home.kept(), longest_s=60)
            await asyncio.sleep(0)
        await asyncio.sleep(3 * TOGETHER_S)

    asyncio.run(serve())
    home.written()
    assert writes == [5]
    assert len(home.kv.keys(PREFIX)) == 5


def test_what_waits_when_a_server_ends_is_written_and_nothing_fails_afterwards(home):
    one = home.process()

    async def serve():
        one.keep("k", home.kept(), longest_s=60)
        one.flush()
        home.writer.shutdown(wait=True)
        assert home.kv.keys(PREFIX) == [PREFIX + "k"]
        one.keep("late", home.kept(), longest_s=60)
        one.flush()

    asyncio.run(serve())


def test_an_answer_too_old_is_gone_here_and_in_the_home(home):
    one = home.process()
    one.keep("k", home.kept(), longest_s=60)
    home.written()
    home.clock.advance(59 * SECOND)
    assert one.look("k", now=home.clock.now(), longest_s=60) is not None
    home.clock.advance(2 * SECOND)
    assert one.look("k", now=home.clock.now(), longest_s=60) is None
    assert home.kv.keys(PREFIX) == []


def test_a_policy_that_was_shortened_holds_for_answers_kept_before(home):
    one = home.process()
    one.keep("k", home.kept(), longest_s=3600)
    home.clock.advance(100 * SECOND)
    assert one.look("k", now=home.clock.now(), longest_s=60) is None


def test_a_home_that_cannot_be_read_or_written_is_a_counted_miss(home):
    def broken():
        raise StoreBusyError("locked")

    one = ExactAnswers(broken, writer=home.writer, memory_bytes=1 << 20, tally=home.tally)
    assert one.look("k", now=0, longest_s=60) is None
    one.keep("k", home.kept(), longest_s=60)
    home.written()
    assert home.tally.failures == 2
    assert "locked" in home.tally.last_failure
    assert one.look("k", now=home.clock.now(), longest_s=60) is not None


def test_what_is_no_answer_in_the_home_is_a_counted_miss(home):
    home.kv.put_many({PREFIX + "k": b"\xc1 not an answer"})
    assert home.process().look("k", now=0, longest_s=60) is None
    assert home.tally.failures == 1


def test_a_large_answer_stays_out_of_the_home(home):
    one = home.process(memory_bytes=64 << 20)
    one.keep("k", home.kept("x" * LARGEST_BYTES), longest_s=60)
    home.written()
    assert one.look("k", now=home.clock.now(), longest_s=60) is not None
    assert home.kv.keys(PREFIX) == []


def test_a_home_that_is_slow_does_not_fill_the_memory(home):
    go = Future()
    held = home.writer.submit(go.result)
    one = home.process()
    for number in range(MOST_WAITING + 50):
        one.keep(str(number), home.kept(), longest_s=60)
    go.set_result(None)
    held.result()
    home.written()
    assert home.tally.dropped == 50
    assert len(home.kv.keys(PREFIX)) == MOST_WAITING

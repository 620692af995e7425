"""A worker's end of a child that the test plays, frame by frame."""

import asyncio
import os
import struct
import time

import numpy as np
import pytest

from loopwright.errors import ArmFailedError, NotExplainableError
from loopwright.serving.frames import HEADER, Hello, Reply, decode_ask, frame, pack, unpack_one
from loopwright.serving.probation import ProbationClient

VERSION = "v" * 64
COLUMNS = {"x": np.array([1.0, 2.0])}


async def until(check):
    for _ in range(400):
        if check():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it never came to that")


def talk(tmp_path, hello, replies, then):
    """Run `then(client)` against a child that greets with `hello` and answers by `replies(writer, ask)`."""

    async def run():
        path = tmp_path / "child.sock"

        async def child(reader, writer):
            writer.write(frame(hello) if isinstance(hello, Hello) else hello)
            try:
                while True:
                    (size,) = HEADER.unpack(await reader.readexactly(HEADER.size))
                    replies(writer, decode_ask(await reader.readexactly(size)))
            except (asyncio.IncompleteReadError, ConnectionError):
                writer.close()

        client = ProbationClient(path, VERSION)
        client.start()
        await asyncio.sleep(0.01)
        server = await asyncio.start_unix_server(child, path=str(path))
        try:
            return await then(client)
        finally:
            await client.close()
            server.close()

    return asyncio.run(run())


GREETING = Hello(VERSION, os.getpid())


async def ask(client):
    await until(lambda: client.state == "ready")
    return await client.scores(COLUMNS, 0.2)


def failure(tmp_path, replies):
    with pytest.raises(ArmFailedError) as caught:
        talk(tmp_path, GREETING, replies, ask)
    return caught.value.context["cause"], caught.value.why


def answer_with(outputs):
    return lambda writer, one: writer.write(frame(Reply(one.number, outputs)))


def test_scores_come_back(tmp_path):
    got = talk(tmp_path, GREETING, answer_with(pack({"score": np.array([0.1, 0.2])})), ask)
    assert got["score"].tolist() == [0.1, 0.2]


def test_an_error_of_the_model_is_told_with_its_words(tmp_path):
    cause, why = failure(tmp_path, lambda w, one: w.write(frame(Reply(one.number, {}, ("KeyError", "'gone'")))))
    assert (cause, why) == ("error", "KeyError: 'gone'")


def test_silence_is_a_timeout(tmp_path):
    assert failure(tmp_path, lambda writer, one: None)[0] == "timeout"


@pytest.mark.parametrize("outputs", [{"score": ("|O", (1,), b"")}, {"score": ("<f8", (3,), b"12345678")}])
def test_arrays_that_are_none_are_a_wrong_shape(tmp_path, outputs):
    assert failure(tmp_path, answer_with(outputs))[0] == "shape"


@pytest.mark.parametrize("rubbish", [b"\xff" * 64, struct.pack(">I", 3) + b"abc", struct.pack(">I", 2**31)])
def test_rubbish_on_the_socket_is_a_crash(tmp_path, rubbish):
    assert failure(tmp_path, lambda writer, one: writer.write(rubbish))[0] == "crash"


def test_a_closed_connection_is_a_crash_and_the_client_connects_again(tmp_path):
    asked = []

    def hang_up_once(writer, one):
        asked.append(one.number)
        if len(asked) == 1:
            writer.close()
        else:
            writer.write(frame(Reply(one.number, pack({"score": np.zeros(2)}))))

    async def twice(client):
        with pytest.raises(ArmFailedError) as caught:
            await ask(client)
        assert caught.value.context["cause"] == "crash"
        await until(lambda: client.losses == 1 and client.state == "ready")
        return await client.scores(COLUMNS, 0.2)

    assert talk(tmp_path, GREETING, hang_up_once, twice)["score"].tolist() == [0.0, 0.0]


def test_a_late_answer_is_not_taken_for_the_next_one(tmp_path):
    asked = []

    def one_behind(writer, one):
        asked.append(one.number)
        for number in asked[-2:-1]:
            writer.write(frame(Reply(number, pack({"score": np.full(2, float(number))}))))
        if len(asked) > 1:
            writer.write(frame(Reply(one.number, pack({"score": np.full(2, float(one.number))}))))

    async def twice(client):
        with pytest.raises(ArmFailedError):
            await ask(client)
        return await client.scores(COLUMNS, 0.2)

    assert talk(tmp_path, GREETING, one_behind, twice)["score"].tolist() == [2.0, 2.0]


@pytest.mark.parametrize(
    ("hello", "state"),
    [(Hello(VERSION, 1, "no such module"), "refused"), (Hello("w" * 64, 1), "starting"), (b"\xff" * 9, "starting")],
)
def test_a_child_that_is_not_the_one_is_not_asked(tmp_path, hello, state):
    async def look(client):
        await asyncio.sleep(0.1)
        with pytest.raises(ArmFailedError):
            await client.scores(COLUMNS, 0.2)
        return client.state

    assert talk(tmp_path, hello, answer_with({}), look) == state


def test_an_answer_that_this_process_was_too_busy_to_read_is_not_a_timeout(tmp_path):
    def answer_and_stall(writer, one):
        writer.write(frame(Reply(one.number, pack({"score": np.zeros(2)}))))
        time.sleep(0.3)

    assert talk(tmp_path, GREETING, answer_and_stall, ask)["score"].tolist() == [0.0, 0.0]


def test_an_explanation_is_asked_for_by_itself(tmp_path):
    asked = []

    def replies(writer, one):
        asked.append((one.explain, unpack_one(one.matrix).shape))
        writer.write(frame(Reply(one.number, pack({"score" if not one.explain else "told": np.zeros(1)}))))

    async def then(client):
        await until(lambda: client.state == "ready")
        rows = np.zeros((1, 3))
        return await asyncio.gather(
            client.scores_of(rows, 0.5), client.explanation_of(rows, 0.5), client.explanation_of(rows, 0.5)
        )

    found = talk(tmp_path, GREETING, replies, then)
    assert [list(one) for one in found] == [["score"], ["told"], ["told"]]
    assert sorted(asked) == [(False, (1, 3)), (True, (1, 3)), (True, (1, 3))]


def test_a_version_that_cannot_be_explained_has_not_failed(tmp_path):
    def replies(writer, one):
        writer.write(frame(Reply(one.number, {}, ("NotExplainableError", "it is no tree"))))

    async def then(client):
        await until(lambda: client.state == "ready")
        return await client.explanation_of(np.zeros((1, 3)), 0.5)

    with pytest.raises(NotExplainableError) as caught:
        talk(tmp_path, GREETING, replies, then)
    assert caught.value.why == "it is no tree"


class Slow:
    """A child that answers when it is told to, the sum of each row; it raises where a row holds a 13."""

    def __init__(self):
        self.frames = []

    def take(self, writer, one):
        self.frames.append((writer, one.number, unpack_one(one.matrix)))

    def answer(self, index):
        writer, number, rows = self.frames[index]
        if (rows == 13).any():
            writer.write(frame(Reply(number, {}, ("ValueError", "unlucky"))))
        else:
            writer.write(frame(Reply(number, pack({"score": rows.sum(axis=1)}))))

    async def answer_all(self):
        done = 0
        while True:
            await asyncio.sleep(0.005)
            while done < len(self.frames):
                self.answer(done)
                done += 1


def together(tmp_path, questions):
    """Ask several questions while two are under way already; returns the answers and the rows of each frame."""
    slow = Slow()

    async def run(client):
        await until(lambda: client.state == "ready")
        asking = [asyncio.create_task(client.scores_of(np.array(rows, dtype=float), 5.0)) for rows in questions]
        await until(lambda: len(slow.frames) == 2)
        answering = asyncio.create_task(slow.answer_all())
        answers = await asyncio.gather(*asking, return_exceptions=True)
        answering.cancel()
        assert client.idle
        return answers, [len(rows) for _, _, rows in slow.frames]

    return talk(tmp_path, GREETING, slow.take, run)


def test_what_is_asked_while_two_are_under_way_goes_together_and_each_gets_its_own(tmp_path):
    answers, sizes = together(tmp_path, [[[n, n], [n, 0]] for n in range(6)])
    assert [answer["score"].tolist() for answer in answers] == [[2.0 * n, n] for n in range(6)]
    assert sizes == [2, 2, 8]


def test_a_question_that_fails_fails_no_other_that_went_with_it(tmp_path):
    answers, sizes = together(tmp_path, [[[n, 0]] for n in (1, 2, 3, 13, 5)])
    failed = answers.pop(3)
    assert (failed.context["cause"], failed.why) == ("error", "ValueError: unlucky")
    assert [answer["score"].tolist() for answer in answers] == [[1.0], [2.0], [3.0], [5.0]]
    assert sizes == [1, 1, 3, 1, 1, 1]


def test_an_answer_that_does_not_fit_all_questions_is_nonsense_for_each(tmp_path):
    def short(writer, one):
        rows = unpack_one(one.matrix)
        writer.write(frame(Reply(one.number, pack({"score": np.zeros(max(1, len(rows) - 1))}))))

    async def three(client):
        await until(lambda: client.state == "ready")
        asked = [client.scores_of(np.zeros((1, 2)), 5.0) for _ in range(5)]
        return await asyncio.gather(*asked, return_exceptions=True)

    found = talk(tmp_path, GREETING, short, three)
    assert [answer["score"].shape for answer in found[:2]] == [(1,), (1,)]
    assert {error.context["cause"] for error in found[2:]} == {"shape"}


def test_running_out_of_memory_is_as_bad_as_a_crash(tmp_path):
    assert failure(tmp_path, lambda w, one: w.write(frame(Reply(one.number, {}, ("MemoryError", "")))))[0] == "crash"

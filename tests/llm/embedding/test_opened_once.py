from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from loopwright.errors import MissingExtraError
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.llm.embedding.opened_once import OpenedOnce


def test_many_threads_are_given_one_embedder():
    opened, together = [], Barrier(4)

    def open():
        opened.append(HashingEmbedder(8))
        return opened[-1]

    once = OpenedOnce(open)
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda _: (together.wait(), once())[1], range(4)))
    assert len(opened) == 1
    assert all(one is opened[0] for one in given)


def test_one_that_could_not_be_opened_is_tried_again():
    answers = [MissingExtraError("nothing embeds"), HashingEmbedder(8)]

    def open():
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    once = OpenedOnce(open)
    with pytest.raises(MissingExtraError):
        once()
    assert once() is once()

"""Answers and scores that are kept, so that nobody is asked or paid twice, and a run that died goes on."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from loopwright.core.clock import SECOND, Clock
from loopwright.core.codec import canonical, from_json, to_json
from loopwright.core.hashing import Digest, digest_bytes, digest_value
from loopwright.evals.answer import Answer
from loopwright.evals.case import Case
from loopwright.evals.score import Score
from loopwright.evals.scorer import Scorer
from loopwright.store.kv import KeyValues

_KEPT_DAYS = 90
_BATCH = 64
_LONGEST_WAIT_S = 0.25
_READ_AT_ONCE = 500
Kind = TypeVar("Kind", Answer, Score)


class KeptAnswers:
    """Answers by (version, what is asked, repeat), and scores by (case, answer, scorer), for 90 days. For one thread.

    What could be otherwise the next time is not kept: an answer that is an error, a score without a verdict. Scores of
    scorers that cost nothing are computed anew. At most a quarter of a second of answers, and 64 of them, is lost to a
    kill.

    Args:
        kv: Where. None: in memory, for the life of this object.
        clock: For expiry, and to know when to write.
        fresh: Whether what is there is passed over, and replaced.
    """

    def __init__(self, kv: KeyValues | None, *, clock: Clock, fresh: bool = False) -> None:
        self._kv = kv
        self._clock = clock
        self._fresh = fresh
        self._waiting: dict[str, bytes] = {}
        self._memory: dict[str, bytes] = {}
        self._written_at = clock.monotonic()

    def answers(self, version: Digest, asked: Sequence[tuple[Case, int]]) -> dict[tuple[str, int], Answer]:
        """The answers that are there, by the case's id and the repeat, marked as cached."""
        places: dict[str, list[tuple[str, int]]] = {}
        for case, repeat in asked:
            places.setdefault(_answer_key(version, case, repeat), []).append((case.id, repeat))
        found = self._read(list(places))
        return {
            place: msgspec.structs.replace(answer, cached=True)
            for key, answer in _decoded(found, Answer).items()
            for place in places[key]
        }

    def keep_answer(self, version: Digest, case: Case, answer: Answer, *, repeat: int) -> None:
        """Keep an answer that is none of an error."""
        if not answer.error:
            self._put(_answer_key(version, case, repeat), to_json(msgspec.structs.replace(answer, cached=False)))

    def scores(self, case: Case, answer: Answer, scorers: Sequence[Scorer]) -> dict[str, Score]:
        """The scores that are there, by the scorer's name."""
        keys = {_score_key(case, answer, scorer): scorer.name for scorer in scorers}
        return {keys[key]: score for key, score in _decoded(self._read(list(keys)), Score).items()}

    def keep_score(self, case: Case, answer: Answer, *, scorer: Scorer, score: Score) -> None:
        """Keep a verdict that cost something."""
        if scorer.costs and score.verdict != "no_verdict":
            self._put(_score_key(case, answer, scorer), to_json(score))

    def flush(self) -> None:
        """Write down what waits.

        Raises:
            StoreBusyError, NoSpaceError, NoPermissionError: As the store says; what waits is still there.
        """
        self._written_at = self._clock.monotonic()
        if not self._waiting:
            return
        if self._kv is None:
            self._memory.update(self._waiting)
        else:
            self._kv.put_many(self._waiting, expires_at=self._clock.now() + _KEPT_DAYS * 86_400 * SECOND)
        self._waiting.clear()

    def _put(self, key: str, value: bytes) -> None:
        self._waiting[key] = value
        if len(self._waiting) >= _BATCH or self._clock.monotonic() - self._written_at > _LONGEST_WAIT_S:
            self.flush()

    def _read(self, keys: Sequence[str]) -> dict[str, bytes]:
        if self._fresh or not keys:
            return {}
        found: dict[str, bytes] = {}
        if self._kv is None:
            found = {key: self._memory[key] for key in keys if key in self._memory}
        else:
            for at in range(0, len(keys), _READ_AT_ONCE):
                found.update(self._kv.get_many(keys[at : at + _READ_AT_ONCE]))
        return {**found, **{key: self._waiting[key] for key in keys if key in self._waiting}}


def answer_digest(answer: Answer) -> Digest:
    """Names an answer, whether it was kept or not."""
    return digest_bytes(canonical(msgspec.structs.replace(answer, cached=False)))


def _answer_key(version: Digest, case: Case, repeat: int) -> str:
    asked = digest_value([case.messages, case.variables, case.tools])
    return f"eval/answer/{version}/{asked}/{repeat}"


def _score_key(case: Case, answer: Answer, scorer: Scorer) -> str:
    return f"eval/score/{digest_value([case, answer_digest(answer), scorer.digest])}"


def _decoded(found: Mapping[str, bytes], kind: type[Kind]) -> dict[str, Kind]:
    """What can be read; a value of another form is as if it were not there."""
    read: dict[str, Kind] = {}
    for key, value in found.items():
        try:
            read[key] = from_json(value, kind)
        except msgspec.MsgspecError:
            continue
    return read

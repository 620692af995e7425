"""The cache of answers as the gateway asks it: the exact one first, then the semantic one, where they are on."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

import msgspec

from loopwright.core.clock import Clock, Micros
from loopwright.errors import LoopwrightError
from loopwright.llm.answer_cache import AnswerCache, CacheHit, CachePolicy
from loopwright.llm.ask import Ask, Reply
from loopwright.llm.cache.doubts import DOUBTS
from loopwright.llm.cache.doubts.reading import read
from loopwright.llm.cache.exact import ExactAnswers
from loopwright.llm.cache.kept_answer import KeptAnswer, is_whole
from loopwright.llm.cache.request_key import Question, exact_key, question_of
from loopwright.llm.cache.semantic import Found, SimilarAnswers, digest_text
from loopwright.llm.cache.tally import Tally
from loopwright.llm.cache.trials import CacheTrial, write_trials
from loopwright.llm.embedder import Embedder
from loopwright.store.kv import KeyValues
from loopwright.store.tables import Tables

MEMORY_BYTES = 64 << 20
ANSWER_DOUBTS = ("numbers", "units", "dates", "negation", "language")
"""Doubts that tell two answers apart; the others are about questions."""
LONGEST_LOOK_S = 0.1
_MOST_BEHIND = 32
_MOST_OPEN = 4096
_COULD_FAIL = (LoopwrightError, OSError, ValueError, TypeError, RuntimeError, msgspec.MsgspecError)
"""What a store or an embedder raises; an embedder's library has errors of its own, which are RuntimeErrors."""


class CacheTools(msgspec.Struct, frozen=True, kw_only=True):
    """What a cache works with.

    Attributes:
        kv: The home's; called when it is first needed.
        tables: Where trials are written.
        embedder: Opens what makes vectors; called at the first semantic look-up.
        clock: Ages go by its `now()`.
        memory_bytes: About what the answers of each of the two caches may take.
        content: Whether trials hold the questions' texts.
        longest_look_s: Seconds after which a semantic look-up is a miss: while the embedder is being opened, above all.
    """

    kv: Callable[[], KeyValues]
    tables: Tables
    embedder: Callable[[], Embedder]
    clock: Clock
    memory_bytes: int = MEMORY_BYTES
    content: bool = False
    longest_look_s: float = LONGEST_LOOK_S


class _Place(msgspec.Struct, frozen=True):
    """Where a request's answers are."""

    version: str
    tenant: str
    policy: CachePolicy


class NoCache(AnswerCache):
    """Finds nothing and keeps nothing."""

    async def look(self, ask: Ask, *, version: str, tenant: str, policy: CachePolicy) -> CacheHit | None:  # noqa: ARG002
        return None

    def keep(self, ask: Ask, reply: Reply, *, version: str, tenant: str, policy: CachePolicy) -> None:
        pass


class LayeredCache(AnswerCache):
    """Exact answers from this process and from the home, similar ones from this process.

    Guards have seen what is kept: an answer that one masked is kept masked, one that was stopped is not kept.

    Args:
        tools: Stores, embedder, clock.

    Attributes:
        tally: What it counts.
    """

    def __init__(self, tools: CacheTools) -> None:
        self.tally = Tally()
        self._tools = tools
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="answer-cache")
        self._exact = ExactAnswers(tools.kv, writer=self._thread, memory_bytes=tools.memory_bytes, tally=self.tally)
        self._similar = SimilarAnswers(tools.embedder, most_bytes=tools.memory_bytes)
        # One is written by the event loop alone, the other by the cache's thread alone.
        self._handed_over = 0
        self._done = 0
        self._trials: OrderedDict[tuple[str, str], Found | None] = OrderedDict()

    async def look(self, ask: Ask, *, version: str, tenant: str, policy: CachePolicy) -> CacheHit | None:
        place = _Place(version, tenant, policy)
        try:
            hit = self._looked(ask, place)
            if hit is None and policy.semantic != "off":
                hit = await self._similar_to(ask, place)
        except _COULD_FAIL as error:
            self.tally.failed(error)
            hit = None
        self.tally.misses += hit is None
        return hit

    def keep(self, ask: Ask, reply: Reply, *, version: str, tenant: str, policy: CachePolicy) -> None:
        if not is_whole(ask, reply):
            return
        try:
            answer = KeptAnswer(at=self._tools.clock.now(), reply=reply)
            key = exact_key(ask, version=version, tenant=tenant) if policy.exact_s > 0 else None
            if key is not None:
                self._exact.keep(key, answer, longest_s=policy.exact_s)
            # A call of a tool says the question's details again: it is never given to another question.
            if policy.semantic == "off" or reply.tool_calls:
                return
            asked = question_of(ask, version=version, tenant=tenant)
            if asked is not None:
                self._later(asked, answer, _Place(version, tenant, policy))
        except _COULD_FAIL as error:
            self.tally.failed(error)

    def close(self) -> None:
        """Write what is waiting; nothing is kept afterwards. Idempotent."""
        self._exact.flush()
        self._thread.shutdown(wait=True)

    def _looked(self, ask: Ask, place: _Place) -> CacheHit | None:
        if place.policy.exact_s <= 0:
            return None
        key = exact_key(ask, version=place.version, tenant=place.tenant)
        if key is None:
            return None
        now = self._tools.clock.now()
        found = self._exact.look(key, now=now, longest_s=place.policy.exact_s)
        if found is None:
            return None
        self.tally.exact += 1
        return _hit(found, "exact", now)

    async def _similar_to(self, ask: Ask, place: _Place) -> CacheHit | None:
        asked, policy = question_of(ask, version=place.version, tenant=place.tenant), place.policy
        if asked is None:
            return None
        now = self._tools.clock.now()
        # In shadow the best that has no doubts is wanted, however similar: thresholds are chosen from the trials.
        threshold = policy.threshold if policy.semantic == "on" else 0.0
        found = await self._found(asked, now, longest_s=policy.semantic_s, threshold=threshold)
        if found is _UNTRIED:
            return None
        good = found is not None and not found.doubts and found.similarity >= policy.threshold
        if policy.semantic == "on":
            if found is None or not good:
                return None
            self.tally.semantic += 1
            return _hit(found.answer, "semantic", now)
        self.tally.shadow += good
        self._trials[(asked.rest, asked.text)] = found
        while len(self._trials) > _MOST_OPEN:
            self._trials.popitem(last=False)
        return None

    async def _found(self, asked: Question, now: Micros, *, longest_s: float, threshold: float) -> Found | None:
        """What the cache's own thread finds in time; `_UNTRIED`, counted, where it is too far behind."""
        if not self._similar.may_find(asked):
            return None
        if self._handed_over - self._done >= _MOST_BEHIND:
            self.tally.dropped += 1
            return _UNTRIED
        find = partial(self._similar.find, asked, now=now, longest_s=longest_s, threshold=threshold)
        try:
            async with asyncio.timeout(self._tools.longest_look_s):
                return await asyncio.get_running_loop().run_in_executor(self._thread, find)
        except TimeoutError:
            self.tally.dropped += 1
            return _UNTRIED

    def _later(self, asked: Question, answer: KeptAnswer, place: _Place) -> None:
        """Keep an answer in the cache's own thread, unless that is too far behind."""
        if self._handed_over - self._done >= _MOST_BEHIND:
            self.tally.dropped += 1
            return
        self._handed_over += 1
        self._thread.submit(self._keep_similar, asked, answer, place)

    def _keep_similar(self, asked: Question, answer: KeptAnswer, place: _Place) -> None:
        """In the cache's own thread: remember, and write down what would have been answered."""
        try:
            self._similar.keep(asked, answer)
            found = self._trials.pop((asked.rest, asked.text), _UNTRIED)
            if place.policy.semantic == "shadow" and found is not _UNTRIED:
                trial = self._trial(asked, answer, version=place.version, found=found)
                write_trials(self._tools.tables, [trial])
        except _COULD_FAIL as error:
            self.tally.failed(error)
        finally:
            self._done += 1

    def _trial(self, asked: Question, answer: KeptAnswer, *, version: str, found: Found | None) -> CacheTrial:
        trial = CacheTrial(
            at=answer.at, version=version, embedder=self._similar.embedder.digest, question=digest_text(asked.text),
            question_text=asked.text if self._tools.content else None,
        )  # fmt: skip
        if found is None:
            return trial
        before, after = found.answer.reply.text, answer.reply.text
        return msgspec.structs.replace(
            trial, found=digest_text(found.question), similarity=found.similarity, doubts=found.doubts,
            age_s=found.answer.age_s(answer.at), same_answer=before == after,
            answers_alike=self._similar.alike(before, after), answer_doubts=answer_doubts(before, after),
            found_text=found.question if self._tools.content else None,
        )  # fmt: skip


_UNTRIED = Found(answer=KeptAnswer(at=0, reply=Reply(body=b"")), question="", similarity=0.0, doubts=())


def open_cache(tools: CacheTools) -> LayeredCache:
    """Open a home's cache of answers. Nothing is read, and no embedder opened, before it is asked."""
    return LayeredCache(tools)


def answer_doubts(one: str, other: str) -> tuple[str, ...]:
    """Why two answers may not say the same."""
    first, second = read(one), read(other)
    return tuple(name for name in ANSWER_DOUBTS if DOUBTS[name](first, second))


def _hit(answer: KeptAnswer, how: Literal["exact", "semantic"], now: Micros) -> CacheHit:
    return CacheHit(reply=answer.reply, how=how, age_s=answer.age_s(now))

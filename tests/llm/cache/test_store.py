import asyncio
from threading import Event

import pytest
from tests.llm.cache.asks import answer, chat

from loopwright.core.clock import SECOND
from loopwright.core.ids import random_id
from loopwright.errors import MissingExtraError, StoreBusyError
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.cache.store import CacheTools, LayeredCache, NoCache, answer_doubts, open_cache
from loopwright.llm.cache.trials import read_trials
from loopwright.llm.embedding.hashing import HashingEmbedder
from loopwright.store.open_stores import create_home, open_stores
from loopwright.testing.clocks import ManualClock

EXACT = CachePolicy(exact_s=60)
SHADOW = CachePolicy(semantic="shadow", semantic_s=60)
ON = CachePolicy(semantic="on", threshold=0.5, stated_error=0.01, semantic_s=60)
PARAPHRASE = chat("How can I reset my password?")
OTHER = chat("How do I reset my router?")


class Desk:
    """A home's cache, asked and told as the gateway does."""

    def __init__(self, stores, clock, **tools):
        self.stores, self.clock = stores, clock
        self.cache = self.opened(**tools)

    def opened(self, **tools):
        # Tests share their machine: only what is about slow look-ups may run out of time.
        patient = {"longest_look_s": 5.0, "kv": lambda: self.stores.kv, "embedder": lambda: HashingEmbedder(512)}
        return open_cache(CacheTools(tables=self.stores.tables, clock=self.clock, **{**patient, **tools}))

    def look(self, ask=None, *, version="v1", tenant="key-1", policy=EXACT, cache=None):
        asked = (cache or self.cache).look(ask or chat(), version=version, tenant=tenant, policy=policy)
        return asyncio.run(asyncio.wait_for(asked, 5))

    def keep(self, ask=None, reply=None, *, version="v1", tenant="key-1", policy=EXACT, wait=True):
        self.cache.keep(ask or chat(), reply or answer(), version=version, tenant=tenant, policy=policy)
        if wait:
            self.settled()

    def settled(self):
        """Wait for what is kept in the cache's own thread; its counts and the home say that it happened."""
        self.cache._thread.submit(lambda: None).result(timeout=5)

    def trials(self):
        self.settled()
        return read_trials(self.stores.tables)


@pytest.fixture
def clock():
    return ManualClock()


@pytest.fixture
def stores(tmp_path, clock):
    made = open_stores(create_home(tmp_path / "home", ids=random_id, clock=clock), clock=clock, ids=random_id)
    yield made
    made.close()


@pytest.fixture
def desk(stores, clock):
    made = Desk(stores, clock)
    yield made
    made.cache.close()


def test_the_very_same_request_is_answered_again(desk):
    assert desk.look() is None
    desk.keep()
    desk.clock.advance(3 * SECOND)
    hit = desk.look(chat(user="somebody else", stream=True))
    assert (hit.reply, hit.how, hit.age_s) == (answer(), "exact", 3.0)
    assert desk.look(PARAPHRASE) is None
    assert (desk.cache.tally.exact, desk.cache.tally.misses) == (1, 2)


def test_another_process_of_the_home_answers_it_too(desk):
    desk.keep()
    desk.settled()
    other = desk.opened()
    assert desk.look(cache=other).how == "exact"
    other.close()


@pytest.mark.parametrize("place", [{"version": "v2"}, {"tenant": "key-2"}])
@pytest.mark.parametrize("policy", [EXACT, ON], ids=["exact", "semantic"])
def test_nobody_is_given_another_tenants_or_versions_answer(desk, place, policy):
    desk.keep(policy=policy)
    assert desk.look(policy=policy) is not None
    assert desk.look(policy=policy, **place) is None


@pytest.mark.parametrize(
    "reply",
    [
        answer(finish="length"), answer(finish="content_filter"), answer(finish=None), answer(""),
        answer(finish="error"),
    ],
    ids=["cut", "filtered", "unknown", "empty", "failed"],
)  # fmt: skip
@pytest.mark.parametrize("policy", [EXACT, ON], ids=["exact", "semantic"])
def test_an_answer_that_did_not_end_well_is_not_kept(desk, reply, policy):
    desk.keep(reply=reply, policy=policy)
    desk.settled()
    assert desk.look(policy=policy) is None


def test_with_the_cache_off_nothing_is_kept_or_found(desk):
    off = CachePolicy()
    desk.keep(policy=off)
    desk.settled()
    assert desk.look(policy=off) is None
    assert desk.stores.kv.keys("") == []


def test_a_similar_request_is_answered_where_that_is_on(desk):
    desk.keep(policy=ON)
    desk.clock.advance(2 * SECOND)
    hit = desk.look(PARAPHRASE, policy=ON)
    assert (hit.reply, hit.how, hit.age_s) == (answer(), "semantic", 2.0)
    assert desk.look(OTHER, policy=ON) is None
    assert desk.look(chat("How can I reset my password?", system="You help rudely."), policy=ON) is None
    assert desk.cache.tally.semantic == 1


def test_a_request_below_the_threshold_is_not_answered(desk):
    strict = CachePolicy(semantic="on", threshold=0.999, stated_error=0.01)
    desk.keep(policy=strict)
    assert desk.look(PARAPHRASE, policy=strict) is None
    assert desk.look(policy=strict) is not None


def test_calls_of_tools_are_given_to_the_same_request_only(desk):
    both = CachePolicy(exact_s=60, semantic="on", threshold=0.5, stated_error=0.01)
    desk.keep(reply=answer("", finish="tool_calls", tool_calls=({"name": "reset", "arguments": "{}"},)), policy=both)
    assert desk.look(policy=both).how == "exact"
    assert desk.look(PARAPHRASE, policy=both) is None


def test_in_shadow_nobody_is_answered_and_what_would_have_been_is_written_down(desk):
    for ask, text in ((chat(), "Press 1 button."), (PARAPHRASE, "Press 2 buttons."), (OTHER, "Pull the plug.")):
        assert desk.look(ask, policy=SHADOW) is None
        desk.keep(ask, answer(text), policy=SHADOW)
        desk.settled()
        desk.clock.advance(SECOND)
    first, second, third = desk.trials()
    assert (first.found, first.similarity) == (None, None)
    assert second.found == first.question
    assert 0.5 < second.similarity < 1.0
    assert (second.doubts, second.same_answer, second.answer_doubts) == ((), False, ("numbers",))
    assert (second.age_s, second.version) == (1.0, "v1")
    assert "words" in third.doubts
    assert second.question_text is second.found_text is None


def test_a_trial_is_of_the_best_without_doubts_whatever_the_threshold(desk):
    strict = CachePolicy(semantic="shadow", threshold=0.99)
    for question in (
        "How do I enable the alarm?", "Please tell me how I can quickly disable the alarm, thanks",
        "How do I disable the alarm?",
    ):  # fmt: skip
        desk.look(chat(question), policy=strict)
        desk.keep(chat(question), policy=strict)
        desk.clock.advance(SECOND)
    trial = desk.trials()[-1]
    assert trial.doubts == ()
    assert 0.6 < trial.similarity < 0.62
    assert desk.cache.tally.shadow == 0


def test_in_shadow_an_equal_answer_is_said_to_be_equal(desk):
    for ask in (chat(), PARAPHRASE):
        desk.look(ask, policy=SHADOW)
        desk.keep(ask, policy=SHADOW)
        desk.settled()
    trial = desk.trials()[-1]
    assert (trial.same_answer, trial.answer_doubts) == (True, ())
    assert trial.answers_alike == pytest.approx(1.0)


def test_no_row_holds_content_that_was_not_switched_on(desk, stores):
    desk.look(policy=SHADOW)
    desk.keep(policy=SHADOW)
    desk.settled()
    text = b"".join(path.read_bytes() for path in (stores.home / "tables").rglob("*") if path.is_file())
    assert b"cache_trials" in text or desk.trials()
    assert b"password" not in text
    assert b"button" not in text


def test_content_is_written_down_where_it_is_switched_on(stores, clock):
    desk = Desk(stores, clock, content=True)
    for ask in (chat(), PARAPHRASE):
        desk.look(ask, policy=SHADOW)
        desk.keep(ask, policy=SHADOW)
        desk.settled()
    trial = desk.trials()[-1]
    assert trial.question_text == "How can I reset my password?"
    assert trial.found_text == "How do I reset my password?"
    desk.cache.close()


def test_a_request_that_was_never_answered_leaves_no_row(desk):
    desk.look(policy=SHADOW)
    assert desk.trials() == ()


def test_a_broken_home_and_a_missing_embedder_are_misses_and_counted(stores, clock):
    def busy():
        raise StoreBusyError("locked")

    def missing():
        raise MissingExtraError("no model")

    desk = Desk(stores, clock, kv=busy, embedder=missing)
    both = CachePolicy(exact_s=60, semantic="on", threshold=0.5, stated_error=0.01)
    assert desk.look(policy=both) is None
    desk.keep(policy=both)
    desk.settled()
    assert desk.look(PARAPHRASE, policy=both) is None
    assert desk.cache.tally.failures >= 3
    assert desk.look(policy=both).how == "exact", "what is in memory is found all the same"
    desk.cache.close()


def test_an_embedder_that_raises_is_a_miss(stores, clock):
    class Broken(HashingEmbedder):
        def embed(self, texts):
            raise RuntimeError("the session died")

    desk = Desk(stores, clock, embedder=lambda: Broken(8))
    desk.keep(policy=ON)
    desk.settled()
    assert desk.look(PARAPHRASE, policy=ON) is None
    assert "session died" in desk.cache.tally.last_failure
    desk.cache.close()


def test_a_slow_embedder_delays_no_request_for_long(stores, clock):
    go = Event()

    class Slow(HashingEmbedder):
        def embed(self, texts):
            go.wait(20)
            return super().embed(texts)

    desk = Desk(stores, clock, embedder=lambda: Slow(64), longest_look_s=0.1)
    desk.keep(policy=ON)
    desk.settled()
    for _ in range(3):
        assert desk.look(PARAPHRASE, policy=ON) is None
    for _ in range(200):
        desk.keep(policy=ON, wait=False)
    assert desk.cache.tally.dropped > 100
    go.set()
    desk.settled()
    assert [desk.look(PARAPHRASE, policy=ON) for _ in range(20)][-1].how == "semantic"
    desk.cache.close()


def test_a_look_up_that_ran_out_of_time_is_no_evidence(stores, clock):
    go = Event()

    class Slow(HashingEmbedder):
        def embed(self, texts):
            go.wait(20)
            return super().embed(texts)

    desk = Desk(stores, clock, embedder=lambda: Slow(64), longest_look_s=0.05)
    desk.look(policy=SHADOW)
    desk.keep(policy=SHADOW)
    desk.look(PARAPHRASE, policy=SHADOW)
    go.set()
    desk.keep(PARAPHRASE, policy=SHADOW)
    assert len(desk.trials()) == 1
    assert desk.cache.tally.dropped == 1
    desk.cache.close()


def test_a_request_without_json_is_a_miss(desk):
    assert desk.look(chat(extra=object())) is None
    desk.keep(chat(extra=object()))
    assert desk.cache.tally.failures == 2


def test_after_closing_nothing_is_kept_and_nothing_raised(desk):
    desk.cache.close()
    desk.cache.close()
    desk.keep(wait=False)
    assert desk.cache.tally.failures == 1


def test_the_null_cache_finds_and_keeps_nothing():
    cache = NoCache()
    cache.keep(chat(), answer(), version="v", tenant="t", policy=EXACT)
    assert asyncio.run(cache.look(chat(), version="v", tenant="t", policy=EXACT)) is None


@pytest.mark.parametrize(
    ("one", "other", "doubts"),
    [
        ("It takes 3 days.", "It takes three days.", ()),
        ("It takes 3 days.", "It takes 5 days.", ("numbers",)),
        ("You can.", "You can not.", ("negation",)),
        ("Pay in euros.", "Pay in dollars.", ("units",)),
    ],
)
def test_two_answers_are_doubted_by_what_statements_say(one, other, doubts):
    assert answer_doubts(one, other) == doubts


def test_many_requests_at_once_are_each_answered(desk):
    desk.keep(policy=ON)

    async def all_of_them():
        cache: LayeredCache = desk.cache
        asked = [cache.look(PARAPHRASE, version="v1", tenant="key-1", policy=ON) for _ in range(20)]
        return await asyncio.gather(*asked)

    assert all(hit.how == "semantic" for hit in asyncio.run(all_of_them()))

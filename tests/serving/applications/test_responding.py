"""What a call costs, however it ends; what the cache is offered."""

import asyncio
import json

import msgspec
import pytest
from tests.serving.applications.stage import UPSTREAM, Metered, call, course, loaded, reply, said

from loopwright.errors import GuardBlockedError, UpstreamError, UpstreamRefusedError
from loopwright.llm.answer_cache import AnswerCache, CacheHit, CachePolicy
from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.guards.declarations import personal_data, secrets
from loopwright.llm.route import Route
from loopwright.serving.applications.absent import no_groups
from loopwright.serving.applications.responding import Responder, RespondTools, tenant_of
from loopwright.testing.clocks import ManualClock

KEY = "AKIAIOSFODNN7EXAMPLQ"


class Kept(AnswerCache):
    def __init__(self):
        self.hit, self.offered, self.versions = None, [], []

    async def look(self, ask, *, version, tenant, policy):
        self.versions.append(version)
        return self.hit

    def keep(self, ask, reply, *, version, tenant, policy):
        self.offered.append((reply.text, tenant))
        self.versions.append(version)


def responder():
    meter, cache = Metered(), Kept()
    return Responder(RespondTools(meter=meter, cache=cache, clock=ManualClock(), groups_of=no_groups)), meter, cache


def test_what_a_call_may_take_is_reserved_before_and_what_it_took_is_settled_after():
    made, meter, _ = responder()
    one = course()
    answer = asyncio.run(made.whole(one))
    (charge,) = meter.reserved
    assert (charge.call, charge.endpoint, charge.caller, charge.output_tokens) == (
        one.call.id,
        "support",
        "key_1",
        4096,
    )
    assert charge.input_tokens > 20
    assert meter.settled == [(one.call.id, Usage(input_tokens=3, output_tokens=2), "openai", "tiny")]
    assert (answer.text, one.spend.cost_usd, one.finish) == ("Hi.", 0.5, "stop")


@pytest.mark.parametrize(
    ("error", "usage"),
    [
        (UpstreamError("it failed", status=500), Usage()),
        (UpstreamRefusedError("no", http_status=400, status=400), Usage()),
        (UpstreamError("nobody is there", cause="connect", attempts=1), Usage()),
        (UpstreamError("it hangs", cause="first_byte", attempts=1), None),
        (UpstreamError("one of them hung", cause="connect", attempts=2), None),
        (RuntimeError("a bug"), None),
        (asyncio.CancelledError(), None),
    ],
)
def test_a_call_without_an_answer_costs_nothing_only_where_that_is_known(error, usage):
    made, meter, _ = responder()
    with pytest.raises(type(error)):
        asyncio.run(made.whole(course(loaded(error))))
    assert [one[1] for one in meter.settled] == [usage]


def test_an_answer_that_a_guard_blocks_is_paid_for_not_kept_and_nowhere_in_what_is_known():
    made, meter, cache = responder()
    one = course(loaded(reply(f"It is {KEY}"), guards=(secrets(),), cache=CachePolicy(exact_s=60.0)))
    with pytest.raises(GuardBlockedError):
        asyncio.run(made.whole(one))
    assert meter.settled[0][1] == Usage(input_tokens=3, output_tokens=2)
    assert cache.offered == []
    assert KEY not in one.text


def test_a_masked_answer_is_kept_masked():
    made, _, cache = responder()
    policy = CachePolicy(exact_s=60.0, per_user=True)
    one = loaded(reply("I am a@example.com"), guards=(personal_data(kinds=("email",)),), cache=policy)
    answer = asyncio.run(made.whole(course(one, call(user="jane"))))
    assert "a@example.com" not in said(answer)["choices"][0]["message"]["content"]
    ((text, tenant),) = cache.offered
    assert "a@example.com" not in text
    assert tenant == "key_1/jane"


def test_a_hit_asks_nobody_and_costs_nothing():
    made, meter, cache = responder()
    cache.hit = CacheHit(reply=reply("Again."), how="exact", age_s=1.0)
    one = course(loaded(cache=CachePolicy(exact_s=60.0)))
    assert asyncio.run(made.whole(one)).text == "Again."
    assert (meter.reserved, meter.settled) == ([], [])
    assert (one.cache, one.spend.cost_usd, one.upstream) == ("exact", 0.0, None)


def test_no_cache_is_asked_where_the_application_has_none():
    made, _, cache = responder()
    cache.hit = CacheHit(reply=reply("Again."), how="exact", age_s=1.0)
    assert asyncio.run(made.whole(course())).text == "Hi."
    assert cache.offered == []
    assert tenant_of(course()) == "key_1"


def calling(arguments):
    tool = {"id": "1", "type": "function", "function": {"name": "f", "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [tool]}
    body = {"id": "c", "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    return Reply(body=json.dumps(body).encode(), finish="tool_calls")


def test_arguments_of_a_call_are_guarded_behind_their_escapes_and_stay_json():
    made, _, _ = responder()
    escaped = "".join(f"\\u{ord(char):04x}" for char in KEY)
    with pytest.raises(GuardBlockedError):
        asyncio.run(made.whole(course(loaded(calling(f'{{"key": "{escaped}"}}'), guards=(secrets(),)))))
    mail = loaded(calling('{"to": "a\\u0040example.com"}'), guards=(personal_data(kinds=("email",)),))
    answer = asyncio.run(made.whole(course(mail)))
    (called,) = answer.tool_calls
    assert json.loads(called["arguments"]) == {"to": "[email]"}


def test_a_long_answer_is_guarded_as_a_short_one_is():
    made, _, _ = responder()
    one = loaded(reply("word " * 6000 + "a@example.com"), guards=(personal_data(kinds=("email",)),))
    assert "a@example.com" not in asyncio.run(made.whole(course(one))).text


def test_vectors_are_offered_to_the_cache_though_they_have_no_reason_to_end():
    made, _, cache = responder()
    body = {"model": "support", "input": "x"}
    asked = msgspec.structs.replace(call(), ask=Ask(operation="embedding", body=body, raw=json.dumps(body).encode()))
    vectors = Reply(body=b'{"data": [{"embedding": [1.0]}]}')
    asyncio.run(made.whole(course(loaded(vectors, cache=CachePolicy(exact_s=60.0)), asked)))
    assert len(cache.offered) == 1


def test_answers_of_one_model_are_never_those_of_another_where_callers_name_the_model():
    made, _, cache = responder()
    route = Route(upstreams=(msgspec.structs.replace(UPSTREAM, model="*"),))
    one = loaded(cache=CachePolicy(exact_s=60.0), route=route)
    for model in ("small", "large"):
        asyncio.run(made.whole(course(one, msgspec.structs.replace(call(), model=model))))
    assert len(set(cache.versions)) == 2
    assert all(version.startswith(one.version) for version in cache.versions)

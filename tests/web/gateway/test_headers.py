"""Keys as Anthropic's clients send them, and what answers say of themselves."""

from tests.serving.applications.stage import UPSTREAM, call, course

from loopwright.llm.ask import Ask
from loopwright.llm.metering import Spend
from loopwright.web.gateway.headers import headers_of, with_key


def test_an_anthropic_key_stands_where_doors_look_unless_there_is_another():
    assert with_key({"x-api-key": "k"})["authorization"] == "Bearer k"
    assert with_key({"x-api-key": "k", "authorization": "Bearer other"})["authorization"] == "Bearer other"
    assert with_key({}) == {}


def test_an_answer_says_who_gave_it_what_it_cost_and_what_was_flagged():
    one = course(asked=call(asked=Ask(operation="message", body={})))
    one.upstream, one.spend = UPSTREAM, Spend(usage=None, cost_usd=0.0000125)
    one.findings = ["in:topics:weather:flag", "in:topics:weather:flag", "out:secrets:key:monitor"]
    said = dict(headers_of(one))
    assert said[b"loopwright-upstream"] == b"local"
    assert said[b"loopwright-cost-usd"] == b"0.000012500"
    assert said[b"loopwright-flags"] == b"in:topics:weather"
    assert said[b"request-id"] == said[b"x-request-id"] == one.call.id.encode()


def test_what_is_not_known_is_not_said():
    names = {name for name, _ in headers_of(course())}
    assert names == {b"x-request-id", b"loopwright-version", b"loopwright-arm"}

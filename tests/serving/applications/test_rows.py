"""Rows of calls: whose, what they took, and no content unless it was asked for."""

import pytest
from tests.serving.applications.stage import UPSTREAM, call, course

from loopwright.errors import SettingError
from loopwright.llm.ask import Usage
from loopwright.llm.metering import Spend
from loopwright.serving.applications.rows import Ended, RowMaker, content_of


def finished(**fields):
    one = course(asked=call(**fields))
    one.upstream, one.attempts, one.text = UPSTREAM, 2, "Hi."
    one.usage = Usage(input_tokens=5, output_tokens=3, cache_read_tokens=2)
    one.spend = Spend(usage=one.usage, cost_usd=0.25, price="p7")
    return one


def test_a_row_says_what_was_found_out():
    row = RowMaker(secret=b"s").row(finished(user="jane"), Ended(now=1.5))
    assert (row.upstream, row.model, row.attempts, row.latency_us) == ("local", "tiny", 2, 500_000)
    assert (row.input_tokens, row.output_tokens, row.cached_tokens) == (5, 3, 2)
    assert (row.cost_usd, row.price, row.caller, row.status) == (0.25, "p7", "key_1", 200)
    assert (row.inputs, row.output) == ({}, {})


def test_a_user_is_a_digest_that_nobody_makes_without_the_secret():
    first = RowMaker(secret=b"s").row(finished(user="jane"), Ended(now=1.5)).user
    again = RowMaker(secret=b"s").row(finished(user="jane"), Ended(now=1.5)).user
    other = RowMaker(secret=b"t").row(finished(user="jane"), Ended(now=1.5)).user
    assert first == again != other
    assert "jane" not in first
    assert RowMaker(secret=b"s").row(finished(), Ended(now=1.5)).user is None


def test_a_shadows_row_names_the_request_it_copies():
    one = finished()
    one.charge_id = f"{one.call.id}~shadow"
    row = RowMaker(secret=b"s").row(one, Ended(now=1.5), shadow=True)
    assert (row.request_id, row.shadow_of) == (one.charge_id, one.call.id)


def test_content_is_one_of_three_words():
    assert RowMaker(secret=b"s", content="full").row(finished(), Ended(now=1.5)).output == {"text": "Hi."}
    with pytest.raises(SettingError, match="llm_log_content"):
        content_of("yes")


def test_redacted_content_is_what_guards_let_pass_and_names_nobody():
    rows = RowMaker(secret=b"s", content="redacted")
    one = finished(user="jane", metadata={"user_id": "jane"})
    assert rows.row(one, Ended(now=1.5)).inputs == {}
    one.shown = call("masked", user="jane", metadata={"user_id": "jane"}).ask
    one.asked = call("rendered").ask
    assert rows.row(one, Ended(now=1.5)).inputs == {
        "model": "support", "messages": [{"role": "user", "content": "masked"}]
    }  # fmt: skip
    assert RowMaker(secret=b"s", content="full").row(one, Ended(now=1.5)).inputs["user"] == "jane"


def test_a_call_that_took_more_than_it_could_is_flagged():
    one = finished()
    assert RowMaker(secret=b"s").row(one, Ended(now=1.5)).flags == ()
    one.spend = Spend(usage=one.usage, cost_usd=0.25, over_bound=True)
    assert RowMaker(secret=b"s").row(one, Ended(now=1.5)).flags == ("over_bound",)

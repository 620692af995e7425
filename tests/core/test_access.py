import pytest

from loopwright.core.access import SCOPES, ApiKey, Rate, in_order, parse_scopes
from loopwright.errors import UsageError


@pytest.mark.parametrize(
    ("text", "requests", "period_s"), [("100/s", 100, 1.0), ("600/m", 600, 60.0), ("1/h", 1, 3600.0)]
)
def test_a_rate_is_read_and_said(text, requests, period_s):
    rate = Rate.parse(text)
    assert (rate.requests, rate.period_s, str(rate)) == (requests, period_s, text)


@pytest.mark.parametrize("text", ["", "100", "0/s", "-1/s", "1.5/s", "100/d", "100/s ", "9999999999/s"])
def test_what_is_no_rate_is_refused(text):
    with pytest.raises(UsageError):
        Rate.parse(text)


def test_scopes_are_named_by_commas_and_kept_in_one_order():
    assert parse_scopes(" control, predict,predict") == ("predict", "control")
    assert in_order(reversed(SCOPES)) == SCOPES


@pytest.mark.parametrize("text", ["", ",", "all", "predict,admin"])
def test_what_is_no_scope_is_refused_and_the_scopes_are_named(text):
    with pytest.raises(UsageError) as caught:
        parse_scopes(text)
    assert "feedback" in caught.value.why


def test_a_key_that_was_kept_before_there_were_scopes_opens_everything():
    key = ApiKey.of({"digest": "d", "name": "old"})
    assert (key.scopes, key.rate, key.opens(10**18)) == (SCOPES, None, True)


def test_a_key_opens_until_its_last_moment_or_until_it_is_revoked():
    assert ApiKey(digest="d", expires_at=10).opens(9)
    assert not ApiKey(digest="d", expires_at=10).opens(10)
    assert not ApiKey(digest="d", revoked=True).opens(0)

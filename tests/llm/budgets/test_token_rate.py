from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.access import Rate
from loopwright.errors import RateLimitedError
from loopwright.llm.budgets.token_rate import TokenRates, full_after
from loopwright.testing.clocks import ManualClock

RATE = Rate.parse("6000/m")


def test_a_bucket_gives_what_it_holds_and_fills_by_the_second(tmp_path: Path) -> None:
    clock = ManualClock()
    clock.sleep(1000)
    rates = TokenRates(tmp_path, clock.monotonic)
    assert rates.take("k", RATE, 6000) == 6000
    with pytest.raises(RateLimitedError) as refused:
        rates.take("k", RATE, 100)
    assert refused.value.context["retry_after_s"] == pytest.approx(1.0)
    clock.sleep(1.01)
    assert rates.take("k", RATE, 100) == 100


def test_processes_share_a_bucket_and_keys_do_not(tmp_path: Path) -> None:
    clock = ManualClock()
    clock.sleep(1000)
    one, other = TokenRates(tmp_path, clock.monotonic), TokenRates(tmp_path, clock.monotonic)
    one.take("k", RATE, 4000)
    with pytest.raises(RateLimitedError):
        other.take("k", RATE, 2001)
    other.take("k", RATE, 2000)
    other.take("j", RATE, 6000)


def test_what_a_call_did_not_use_goes_back_and_what_it_used_more_is_waited_for(tmp_path: Path) -> None:
    clock = ManualClock()
    clock.sleep(1000)
    rates = TokenRates(tmp_path, clock.monotonic)
    rates.correct("k", RATE, taken=rates.take("k", RATE, 6000), used=1000)
    rates.correct("k", RATE, taken=rates.take("k", RATE, 5000), used=8000)
    with pytest.raises(RateLimitedError) as refused:
        rates.take("k", RATE, 1)
    assert refused.value.context["retry_after_s"] == pytest.approx(30.01)


def test_a_call_greater_than_the_bucket_passes_when_it_is_full_and_only_then(tmp_path: Path) -> None:
    clock = ManualClock()
    clock.sleep(1000)
    rates = TokenRates(tmp_path, clock.monotonic)
    assert rates.take("k", RATE, 50_000) == 6000
    with pytest.raises(RateLimitedError):
        rates.take("k", RATE, 50_000)


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 6000)), max_size=60))
def test_no_minute_has_more_tokens_than_two_buckets(calls: list[tuple[float, int]]) -> None:
    now, full_at, taken = 1000.0, 0.0, []
    for pause, tokens in calls:
        now += pause
        after, wait = full_after(RATE, full_at, now=now, tokens=tokens)
        if not wait:
            full_at = after
            taken.append((now, tokens))
    for start, _ in taken:
        within = sum(tokens for at, tokens in taken if start <= at < start + RATE.period_s)
        assert within <= 2 * RATE.requests + 1


def test_what_an_upstream_made_up_makes_a_key_wait_ten_periods_at_most(tmp_path: Path) -> None:
    clock = ManualClock()
    clock.sleep(1000)
    rates = TokenRates(tmp_path, clock.monotonic)
    rates.correct("k", RATE, taken=rates.take("k", RATE, 10), used=10**9)
    for _ in range(10):
        with pytest.raises(RateLimitedError):
            rates.take("k", RATE, 6000)
        clock.sleep(60.1)
    rates.take("k", RATE, 5000)


def test_a_bucket_that_cannot_be_written_is_kept_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    rates = TokenRates(tmp_path / "file", lambda: 1000.0)
    rates.take("k", RATE, 6000)
    with pytest.raises(RateLimitedError):
        rates.take("k", RATE, 1)

"""Upstreams are chosen in the shares of their weights, and by a key always the same."""

from collections import Counter

import numpy as np
import pytest

from loopwright.llm.calling.choice import by_key, by_lot
from loopwright.llm.route import Upstream


def upstreams(**weights: float) -> tuple[Upstream, ...]:
    return tuple(Upstream(name=name, url="http://x", model="m", weight=weight) for name, weight in weights.items())


def names(order):
    return [one.name for one in order]


def test_lots_fall_by_weight_and_the_others_follow_as_they_stand():
    three = upstreams(a=3, b=1, c=0)
    assert names(by_lot(three, 0.0)) == ["a", "b", "c"]
    assert names(by_lot(three, 0.749)) == ["a", "b", "c"]
    assert names(by_lot(three, 0.751)) == ["b", "a", "c"]
    assert names(by_lot(three, np.nextafter(1.0, 0.0))) == ["b", "a", "c"]


@pytest.mark.parametrize("weights", [{"a": 0, "b": 0}, {"a": 1}])
def test_without_weights_or_a_choice_they_are_asked_as_they_stand(weights):
    assert names(by_lot(upstreams(**weights), 0.9)) == names(by_key(upstreams(**weights), "k")) == list(weights)


def test_a_key_leads_to_the_same_upstream_in_the_shares_of_the_weights():
    three = upstreams(a=3, b=1, c=0)
    first = [by_key(three, f"conversation-{n}")[0].name for n in range(4000)]
    assert first == [by_key(three, f"conversation-{n}")[0].name for n in range(4000)]
    counts = Counter(first)
    assert counts["c"] == 0
    assert counts["a"] / 4000 == pytest.approx(0.75, abs=0.03)


def test_only_the_keys_of_an_upstream_that_goes_are_moved():
    keys = [f"conversation-{n}" for n in range(1000)]
    before = {key: by_key(upstreams(a=1, b=1, c=1), key)[0].name for key in keys}
    after = {key: by_key(upstreams(a=1, b=1), key)[0].name for key in keys}
    assert all(after[key] == before[key] for key in keys if before[key] != "c")
    assert {after[key] for key in keys if before[key] == "c"} == {"a", "b"}

import json

import pytest

from loopwright.errors import UsageError
from loopwright.features.view import Aggregate, FeatureView, SourceName, count, deviation, last, mean, total

DEPARTURES = SourceName(name="departures", event_time="departed_at")


def view(**changes):
    given = {
        "source": DEPARTURES,
        "entity": "origin",
        "features": {"n_1h": count(over="1h"), "m": mean("delay", over="24h")},
    }
    return FeatureView("congestion", **(given | changes))


def test_json_round_trip_gives_an_equal_view_with_the_same_digest():
    before = view(entity=("origin", "carrier"), features={"a": last("x", within="3h"), "b": deviation("y", over="2d")})
    after = FeatureView.from_json(json.loads(json.dumps(before.to_json())))
    assert after == before
    assert hash(after) == hash(before)
    assert after.entities == ("origin", "carrier")
    assert after.digest() == before.digest()


def test_a_change_of_window_changes_the_digest():
    assert (
        view(features={"m": mean("delay", over="1h")}).digest()
        != view(features={"m": mean("delay", over="2h")}).digest()
    )


def test_columns_and_horizon_follow_from_the_features():
    assert view().columns == ("delay",)
    assert view().horizon == 24 * 3600 * 1_000_000


def test_any_object_with_a_name_and_an_event_time_is_a_source():
    class Dataset:
        name = "departures"
        event_time = "departed_at"

    assert view(source=Dataset()) == view()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: mean("delay", over="soon"), "not a duration"),
        (lambda: mean("delay", over=3600), "not a duration"),
        (lambda: mean("", over="1h"), "does not name a column"),
        (lambda: total("delay", over="0s"), "longer than nothing"),
        (lambda: Aggregate(kind="mean", column=None, over=1), "needs a column"),
        (lambda: view(features={}), "no features"),
        (lambda: view(features={"m": "mean"}), "not an aggregate"),
        (lambda: view(features={"origin": count(over="1h")}), "cannot name a feature"),
        (lambda: view(features={"_known_at": count(over="1h")}), "cannot name a feature"),
        (lambda: view(entity=()), "entity"),
        (lambda: view(entity=("a", "a")), "entity"),
        (lambda: view(source=SourceName(name="d", event_time=None)), "needs the event time"),
        (lambda: view(source="departures"), "not a dataset"),
        (lambda: FeatureView("", source=DEPARTURES, entity="o", features={"n": count(over="1h")}), "name"),
        (lambda: FeatureView.from_json(view().to_json() | {"format": 99}), "cannot be read"),
        (lambda: FeatureView.from_json({"format": 1, "name": "x"}), "damaged"),
    ],
)
def test_wrong_declarations_are_refused_with_a_fix(make, says):
    with pytest.raises(UsageError, match=says) as caught:
        make()
    assert caught.value.fix

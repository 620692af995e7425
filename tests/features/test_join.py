import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.errors import MissingColumnError, UsageError
from loopwright.features import windows
from loopwright.features.join import join_features
from loopwright.features.view import (
    Aggregate,
    FeatureView,
    SourceName,
    count,
    deviation,
    last,
    maximum,
    mean,
    minimum,
    total,
)

SALES = SourceName(name="sales", event_time="at")
KINDS = ("mean", "count", "sum", "min", "max", "std", "last")


def view(features, entity="shop", name="sales"):
    return FeatureView(name, source=SALES, entity=entity, features=features)


def every_kind(*overs):
    rules = {f"{kind}_{over}": Aggregate(kind=kind, column="amount", over=over) for kind in KINDS for over in overs}
    return view(rules | {"rows": Aggregate(kind="count", column=None, over=overs[0])})


def brute(rule, rows, at, known):
    """The definition, row by row. `rows` are (at, known, amount or None)."""
    seen = [r for r in rows if at - rule.over <= r[0] < at and r[1] <= known]
    if rule.column is None:
        return len(seen)
    seen = [r for r in seen if r[2] is not None and math.isfinite(r[2])]
    values = [r[2] for r in seen]
    if rule.kind in ("count", "sum"):
        return len(values) if rule.kind == "count" else math.fsum(values)
    if len(values) < (2 if rule.kind == "std" else 1):
        return None
    average = math.fsum(values) / len(values)
    answers = {
        "mean": lambda: average,
        "min": lambda: min(values),
        "max": lambda: max(values),
        "std": lambda: 0.0 if min(values) == max(values)
        else math.sqrt(math.fsum((v - average) ** 2 for v in values) / (len(values) - 1)),
        "last": lambda: max(seen)[2],
    }  # fmt: skip
    return answers[rule.kind]()


def same(rule, ours, truth):
    if ours is None or truth is None or rule.kind in ("count", "min", "max", "last"):
        return ours == truth
    return ours == pytest.approx(truth, rel=1e-9, abs=0.0 if rule.kind != "std" else 1e-12)


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", None]),
        st.integers(0, 30),
        st.sampled_from([0, 0, 0, 1, 3, 40]),
        st.one_of(st.none(), st.just(math.nan), st.floats(-100, 100).map(lambda x: round(x, 3)), st.just(1e9)),
    ),
    max_size=40,
)
ASKED = st.lists(
    st.tuples(st.sampled_from(["a", "b", "z", None]), st.integers(-2, 34), st.integers(-3, 45)), max_size=12
)


def source_frame(events):
    return pl.DataFrame(
        [(e, t, t + late, v) for e, t, late, v in events],
        schema={"shop": pl.String, "at": pl.Int64, "_known_at": pl.Int64, "amount": pl.Float64},
        orient="row",
    )


@settings(max_examples=150, deadline=None)
@given(EVENTS, ASKED)
def test_every_aggregate_equals_its_definition_row_by_row(events, asked):
    given_view = every_kind(1, 5, 100)
    base = pl.DataFrame(asked, schema={"shop": pl.String, "asked_at": pl.Int64, "knew": pl.Int64}, orient="row")
    joined = join_features(base, [(given_view, source_frame(events))], event_time="asked_at", known="knew")
    for row, (shop, at, knew) in zip(joined.iter_rows(named=True), asked, strict=True):
        rows = [(t, t + late, v) for e, t, late, v in events if e == shop]
        for name, rule in given_view.features.items():
            truth = None if shop is None else brute(rule, rows, at, knew)
            assert same(rule, row[name], truth), (name, row, truth)


def test_ranks_stand_in_where_entities_times_span_overflow(monkeypatch):
    rng = np.random.default_rng(3)
    events = [
        (str(e), int(t), int(d), float(v))
        for e, t, d, v in zip(
            rng.integers(0, 5, 300),
            rng.integers(0, 50, 300),
            rng.choice([0, 2], 300),
            rng.normal(size=300),
            strict=True,
        )
    ]
    base = pl.DataFrame({"shop": [str(i % 6) for i in range(90)], "asked_at": [i % 55 for i in range(90)]})
    call = lambda: join_features(base, [(every_kind(7, 20), source_frame(events))], event_time="asked_at")  # noqa: E731
    wide = call()
    monkeypatch.setattr(windows, "_LARGEST_KEY", 100)
    assert call().equals(wide)


def test_unsettled_rows_are_looked_at_in_bounded_numbers(monkeypatch):
    from loopwright.features import ranges

    events = [("a", t, 7, float(t % 5)) for t in range(60)]
    base = pl.DataFrame({"shop": ["a"] * 60, "asked_at": list(range(60))})
    call = lambda: join_features(base, [(every_kind(9, 30), source_frame(events))], event_time="asked_at")  # noqa: E731
    at_once = call()
    monkeypatch.setattr(ranges, "_ROWS_AT_ONCE", 5)
    assert call().equals(at_once)


def test_the_window_is_half_open_on_event_time():
    rows = source_frame([("a", 10, 0, 1.0), ("a", 20, 0, 2.0)])
    rule = view({"n": Aggregate(kind="count", column=None, over=10)})
    base = pl.DataFrame({"shop": ["a"] * 3, "asked_at": [10, 20, 21]})
    assert join_features(base, [(rule, rows)], event_time="asked_at")["n"].to_list() == [0, 1, 1]


def test_of_rows_at_one_time_the_one_known_latest_is_last_even_among_stragglers():
    """One row known hours after hundreds of prompt ones is kept apart from them, and still compared with them."""
    hour = 3_600_000_000
    prompt = [("a", t, 1, 1.0) for t in range(300)]
    base = pl.DataFrame({"shop": ["a", "a"], "asked_at": [300, 300], "knew": [2 * hour, 10**4]})
    rule = view({"l": last("amount", within="1h"), "n": count(over="1h")})
    rows = source_frame([*prompt, ("a", 299, hour, 0.5)])
    at, known = (rows[name].to_numpy() for name in ("at", "_known_at"))
    assert len(windows.group(np.zeros(len(at), np.int64), at, known, columns={})) == 2
    joined = join_features(base, [(rule, rows)], event_time="asked_at", known="knew")
    assert joined.select("l", "n").rows() == [(0.5, 301), (1.0, 300)]


def test_known_may_be_each_rows_own_time_or_one_instant():
    rows = source_frame([("a", 10, 100, 1.0)])
    rule = view({"n": Aggregate(kind="count", column=None, over=50)})
    base = pl.DataFrame({"shop": ["a"], "asked_at": [20]})
    assert join_features(base, [(rule, rows)], event_time="asked_at")["n"].to_list() == [0]
    assert join_features(base, [(rule, rows)], event_time="asked_at", known=200)["n"].to_list() == [1]


def test_a_row_from_the_future_never_changes_a_feature():
    rows = source_frame([("a", 10, 0, 1.0)])
    leak = pl.concat([rows, source_frame([("a", 25, 0, 9.0)])])
    base = pl.DataFrame({"shop": ["a"], "asked_at": [20]})
    rule = every_kind(15)
    with_leak = join_features(base, [(rule, leak)], event_time="asked_at", known=10**9)
    assert with_leak.equals(join_features(base, [(rule, rows)], event_time="asked_at", known=10**9))


def test_means_keep_their_digits_after_huge_values():
    events = [("a", 0, 0, 1e15)] + [("a", 10 + i, 0, 0.1) for i in range(10)]
    base = pl.DataFrame({"shop": ["a"], "asked_at": [100]})
    rule = view(
        {"m": Aggregate(kind="mean", column="amount", over=95), "s": Aggregate(kind="std", column="amount", over=95)}
    )
    joined = join_features(base, [(rule, source_frame(events))], event_time="asked_at")
    assert joined["m"][0] == pytest.approx(0.1, rel=1e-12)
    assert joined["s"][0] == 0.0


def test_datetimes_booleans_several_entities_and_views_join_together():
    start = pl.datetime(2013, 4, 1, time_unit="us")
    rows = pl.DataFrame({"shop": ["a", "a", "b"], "till": [1, 1, 2], "hours": [0, 1, 1], "open": [True, False, True]})
    rows = rows.with_columns(at=start + pl.duration(hours="hours"))
    rows = rows.with_columns(_known_at=pl.col("at").dt.timestamp("us"))
    base = pl.DataFrame({"till": pl.Series([2, 1], dtype=pl.Int32), "shop": ["b", "a"]})
    base = base.with_columns(asked_at=start + pl.duration(hours=2))
    tills = view({"open_share": mean("open", over="3h"), "n": count("open", over="90m")}, entity=("shop", "till"))
    shops = view(
        {
            "last_open": last("open", within="1d"),
            "lo": minimum("open", over="1d"),
            "hi": maximum("open", over="1d"),
            "opened": total("open", over="1d"),
            "sd": deviation("open", over="1d"),
        },
        name="shops",
    )
    joined = join_features(base, [(tills, rows), (shops, rows)], event_time="asked_at")
    assert joined.select("open_share", "n", "last_open", "lo", "hi", "opened").rows() == [
        (1.0, 1, 1.0, 1.0, 1.0, 1.0),
        (0.5, 1, 0.0, 0.0, 1.0, 1.0),
    ]
    assert joined.schema["n"] == pl.Int64
    assert joined.columns[:3] == base.columns


def test_no_rows_at_all_give_zero_counts_and_nulls():
    base = pl.DataFrame({"shop": ["a"], "asked_at": [5]})
    joined = join_features(base, [(every_kind(5), source_frame([]))], event_time="asked_at")
    assert joined["count_5"].to_list() == [0]
    assert joined["sum_5"].to_list() == [0.0]
    assert joined["mean_5"].to_list() == joined["last_5"].to_list() == [None]
    assert len(join_features(base.clear(), [(every_kind(5), source_frame([]))], event_time="asked_at")) == 0


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        (lambda b, r, v: (b.drop("shop"), r, v), MissingColumnError, "'shop'"),
        (lambda b, r, v: (b, r.drop("shop"), v), MissingColumnError, "'shop'"),
        (lambda b, r, v: (b, r.drop("amount"), v), MissingColumnError, "'amount'"),
        (lambda b, r, v: (b, r.drop("_known_at"), v), MissingColumnError, "'_known_at'"),
        (lambda b, r, v: (b.drop("asked_at"), r, v), MissingColumnError, "'asked_at'"),
        (lambda b, r, v: (b, r.with_columns(amount=pl.lit("x")), v), UsageError, "cannot be aggregated"),
        (lambda b, r, v: (b.with_columns(asked_at=pl.lit("x")), r, v), UsageError, "not times"),
        (lambda b, r, v: (b.with_columns(mean_5=1), r, v), UsageError, "would be called"),
        (lambda b, r, v: (b, r.with_columns(shop=pl.lit(1)), v), UsageError, "another type"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_by_name(change, error, says):
    base = pl.DataFrame({"shop": ["a"], "asked_at": [5]})
    base, rows, given_view = change(base, source_frame([("a", 1, 0, 1.0)]), every_kind(5))
    with pytest.raises(error, match=says):
        join_features(base, [(given_view, rows)], event_time="asked_at")


def test_the_same_rows_give_the_same_bits_every_time():
    rng = np.random.default_rng(5)
    events = [(str(e), int(t), 0, float(v)) for e, t, v in zip(
        rng.integers(0, 40, 2000), rng.integers(0, 500, 2000), rng.normal(size=2000), strict=True)]  # fmt: skip
    base = pl.DataFrame({"shop": [str(i % 40) for i in range(400)], "asked_at": [i % 555 for i in range(400)]})
    answers = [
        join_features(base, [(every_kind(7, 200), source_frame(events))], event_time="asked_at") for _ in range(12)
    ]
    assert all(answer.equals(answers[0]) for answer in answers)

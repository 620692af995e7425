import threading
from datetime import UTC, datetime

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.core.clock import SystemClock
from loopwright.errors import BlobCorruptError, HomeTooNewError, MissingColumnError, StoreBusyError, UsageError
from loopwright.features.join import join_features
from loopwright.features.materialize import materialize
from loopwright.features.online import OnlineFeatures
from loopwright.features.recent import decode
from loopwright.features.view import Aggregate, FeatureView, SourceName, count, last, mean, total
from loopwright.store.backends.memory_kv import MemoryKeyValues

SALES = SourceName(name="sales", event_time="at")
KINDS = ("mean", "count", "sum", "min", "max", "std", "last")
HOUR = 3_600_000_000


def view(features, entity="shop", name="sales"):
    return FeatureView(name, source=SALES, entity=entity, features=features)


def every_kind(*overs):
    rules = {f"{kind}_{over}": Aggregate(kind=kind, column="amount", over=over) for kind in KINDS for over in overs}
    return view(rules | {"rows": Aggregate(kind="count", column=None, over=overs[0])})


@pytest.fixture
def kv():
    return fresh_kv()


def fresh_kv():
    return MemoryKeyValues(clock=SystemClock())


def sale(shop, at, amount=1.0, **more):
    return {"shop": shop, "at": at, "amount": amount} | more


def ask(online, shop, at, known_at=10**15):
    return online.read([({"shop": shop}, at)], known_at=known_at)[0]


PUSHES = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.lists(
            st.tuples(
                st.sampled_from(["a", "b", None]),
                st.integers(0, 30),
                st.one_of(st.none(), st.floats(-100, 100).map(lambda x: round(x, 3)), st.just(1e9)),
            ),
            max_size=6,
        ),
    ),
    max_size=8,
)
ASKED = st.lists(
    st.tuples(st.sampled_from(["a", "b", "z", None]), st.integers(-2, 40), st.integers(0, 45)), max_size=10
)


@settings(max_examples=120, deadline=None)
@given(PUSHES, ASKED, st.integers(0, 8))
def test_online_and_offline_give_the_same_features(pushes, asked, warmed):
    """Whatever comes late, out of order or before the warming: same definition, same answer."""
    given_view = every_kind(1, 5, 100)
    online, history, clock = OnlineFeatures(fresh_kv(), [given_view]), [], 0
    for i, (pause, rows) in enumerate(pushes):
        clock += pause
        history += [(shop, at, clock, amount) for shop, at, amount in rows]
        if i == warmed:
            materialize(online, {"sales": frame(history)}, as_of=clock)
        elif i > warmed or warmed >= len(pushes):
            online.push("sales", [sale(*row) for row in rows], known_at=clock)
    base = pl.DataFrame(asked, schema={"shop": pl.String, "t": pl.Int64, "knew": pl.Int64}, orient="row")
    joined = join_features(base, [(given_view, frame(history))], event_time="t", known="knew")
    for (shop, at, knew), offline in zip(asked, joined.iter_rows(named=True), strict=True):
        for name, value in ask(online, shop, at, knew).items():
            agree(given_view.features[name].kind, value, offline[name])


def agree(kind, online, offline):
    if online is None or offline is None or kind in ("count", "min", "max", "last"):
        assert online == offline
    else:
        assert online == pytest.approx(offline, rel=1e-9, abs=1e-12 if kind == "std" else 0.0)


def frame(rows):
    schema = {"shop": pl.String, "at": pl.Int64, "_known_at": pl.Int64, "amount": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def test_long_windows_agree_with_offline_too(kv):
    rng = np.random.default_rng(1)
    rows = [
        ("a", int(t), int(t), float(v))
        for t, v in zip(rng.integers(0, 10**6, 3000), rng.normal(size=3000), strict=True)
    ]
    given_view = every_kind(2 * 10**5, 10**6)
    online = OnlineFeatures(kv, [given_view])
    materialize(online, {"sales": frame(rows)}, as_of=2 * 10**6)
    base = pl.DataFrame({"shop": ["a"], "t": [900_000]})
    offline = join_features(base, [(given_view, frame(rows))], event_time="t").row(0, named=True)
    for name, value in ask(online, "a", 900_000, 900_000).items():
        agree(given_view.features[name].kind, value, offline[name])


def test_a_push_repeated_with_its_row_id_changes_nothing(kv):
    online = OnlineFeatures(kv, [every_kind(100)])
    rows = [sale("a", 10, 1.0, id="x"), sale("a", 11, None, id="y")]
    assert online.push("sales", rows, known_at=20, row_id="id") == 1
    assert online.push("sales", rows, known_at=30, row_id="id") == 0
    assert ask(online, "a", 50)["rows"] == 2
    assert ask(online, "a", 50, known_at=25)["rows"] == 2


def test_a_row_id_with_other_values_replaces_the_earlier_row(kv):
    online = OnlineFeatures(kv, [every_kind(100)])
    online.push("sales", [sale("a", 10, 1.0, id="x")], known_at=20, row_id="id")
    online.push("sales", [sale("a", 12, 5.0, id="x"), sale("a", 13, 6.0, id="y")], known_at=30, row_id="id")
    online.push("sales", [sale("a", 10, 9.0, id="x")], known_at=25, row_id="id")
    assert ask(online, "a", 50)["sum_100"] == 11.0


def test_of_rows_at_one_time_the_one_known_latest_is_last_and_then_the_greatest(kv):
    online = OnlineFeatures(kv, [every_kind(100)])
    online.push("sales", [sale("a", 10, 5.0), sale("a", 10, 7.0), sale("a", 10, 6.0)], known_at=20)
    assert ask(online, "a", 50)["last_100"] == 7.0
    online.push("sales", [sale("a", 10, 1.0)], known_at=21)
    assert ask(online, "a", 50)["last_100"] == 1.0


def test_without_a_row_id_a_row_pushed_twice_counts_twice(kv):
    online = OnlineFeatures(kv, [every_kind(100)])
    for _ in range(2):
        online.push("sales", [sale("a", 10)], known_at=20)
    assert ask(online, "a", 50)["rows"] == 2


def test_concurrent_pushes_lose_nothing(kv):
    online = OnlineFeatures(kv, [every_kind(10**6)])

    def push(first):
        for i in range(25):
            online.push("sales", [sale("a", first + i)], known_at=10**5)

    threads = [threading.Thread(target=push, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ask(online, "a", 10**5 + 1)["rows"] == 100


def test_a_store_that_loses_every_race_is_busy(kv, monkeypatch):
    monkeypatch.setattr(kv, "compare_and_set", lambda *a, **k: False)
    with pytest.raises(StoreBusyError):
        OnlineFeatures(kv, [every_kind(5)]).push("sales", [sale("a", 1)], known_at=1)


def test_rows_older_than_window_and_grace_are_dropped_and_their_windows_answer_null(kv):
    online = OnlineFeatures(kv, [view({"n": count(over="2h")})], grace="1h")
    online.push("sales", [sale("a", i * HOUR) for i in range(10)], known_at=9 * HOUR)
    [data] = kv.get_many([online.layouts[0].prefix + '["a"]']).values()
    assert decode(data).at.tolist() == [6 * HOUR, 7 * HOUR, 8 * HOUR, 9 * HOUR]
    assert ask(online, "a", 9 * HOUR)["n"] == 2
    assert ask(online, "a", 8 * HOUR)["n"] == 2
    assert ask(online, "a", 7 * HOUR)["n"] is None


def test_an_entity_with_too_many_rows_keeps_the_latest(kv):
    online = OnlineFeatures(kv, [view({"n": count(over="1h"), "d": count(over="10s")})], most_rows=50)
    online.push("sales", [sale("a", i * 1_000_000) for i in range(200)], known_at=200_000_000)
    assert ask(online, "a", 200_000_000) == {"n": None, "d": 10}


def test_a_clock_error_in_one_row_does_not_drop_the_others(kv):
    online = OnlineFeatures(kv, [view({"n": count(over="2h")})])
    online.push("sales", [sale("a", 5 * HOUR), sale("a", 10**17)], known_at=5 * HOUR)
    assert ask(online, "a", 6 * HOUR)["n"] == 1


def test_views_with_the_same_rows_share_them_and_others_have_their_own(kv):
    one, same = view({"a": mean("amount", over="1h")}), view({"b": total("amount", over="1h")}, name="v")
    other = view({"c": last("amount", within="3h")}, entity=("shop", "till"), name="w")
    online = OnlineFeatures(kv, [one, same, other])
    assert len(online.layouts) == 2
    assert online.sources == ("sales",)
    online.push("sales", [sale("s", 5, 2.0, till=1)], known_at=6)
    online.push("elsewhere", [{"unrelated": 1}], known_at=6)
    assert online.read([({"shop": "s", "till": 1.0}, 9), ({"shop": "s", "till": 2}, 9)], known_at=9) == [
        {"a": 2.0, "b": 2.0, "c": 2.0},
        {"a": 2.0, "b": 2.0, "c": None},
    ]


def test_event_times_may_be_datetimes_or_text(kv):
    online = OnlineFeatures(kv, [view({"n": count(over="1d")})])
    noon = datetime(2013, 4, 1, 12, tzinfo=UTC)
    at = int(noon.timestamp()) * 1_000_000
    online.push(
        "sales", [sale("a", noon), sale("a", "2013-04-01T12:00:00Z"), sale("a", at), sale("a", None)], known_at=at
    )
    assert ask(online, "a", at + 1, known_at=at)["n"] == 3


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ({"at": 1, "amount": 1.0}, MissingColumnError),
        ({"shop": "a", "amount": 1.0}, MissingColumnError),
        ({"shop": "a", "at": 1}, MissingColumnError),
        (sale("a", 1, "many"), UsageError),
        (sale("a", "noon"), UsageError),
        (sale("a", 10**18), UsageError),
        (sale("a", -(2**70)), UsageError),
    ],
)
def test_a_push_with_one_wrong_row_writes_nothing(kv, row, error):
    online = OnlineFeatures(kv, [every_kind(100)])
    with pytest.raises(error):
        online.push("sales", [sale("a", 1), row], known_at=5)
    assert ask(online, "a", 10)["rows"] == 0


def test_what_cannot_be_read_says_so(kv):
    import msgspec

    online = OnlineFeatures(kv, [every_kind(100)])
    key = online.layouts[0].prefix + '["a"]'
    kv.put_many({key: b"garbage"})
    with pytest.raises(BlobCorruptError):
        ask(online, "a", 10)
    kv.put_many({key: msgspec.msgpack.encode([99, 0, b"", b"", None, []])})
    with pytest.raises(HomeTooNewError):
        ask(online, "a", 10)


def test_views_whose_features_share_a_name_are_kept_together_but_not_answered_together(kv):
    online = OnlineFeatures(kv, [view({"a": count(over="1h")}), view({"a": count(over="2h")}, name="v")])
    assert online.push("sales", [sale("s", 1)], known_at=1) == 2
    with pytest.raises(UsageError, match="same name"):
        ask(online, "s", 2)

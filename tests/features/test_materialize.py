import polars as pl
import pytest

from loopwright.core.clock import SystemClock
from loopwright.errors import MissingColumnError
from loopwright.features.materialize import materialize
from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView, SourceName, count, total
from loopwright.store.backends.memory_kv import MemoryKeyValues

HOUR = 3_600_000_000
SALES = SourceName(name="sales", event_time="at")


def view(**changes):
    given = {"entity": "shop", "features": {"n": count(over="2h"), "s": total("amount", over="2h")}}
    return FeatureView("sales", source=SALES, **(given | changes))


@pytest.fixture
def kv():
    return MemoryKeyValues(clock=SystemClock())


def frame(rows):
    schema = {"shop": pl.String, "at": pl.Int64, "_known_at": pl.Int64, "amount": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def ask(online, at, known_at=10**15, **entity):
    return online.read([(entity or {"shop": "a"}, at)], known_at)[0]


def test_warming_then_pushing_counts_each_identified_row_once(kv):
    online = OnlineFeatures(kv, [view()], grace="1h")
    history = frame([("a", i * HOUR, i * HOUR, 1.0) for i in range(10)]).with_columns(id=pl.Series(range(10)))
    assert materialize(online, {"sales": history}, as_of=9 * HOUR, row_ids={"sales": "id"}) == 1
    row = {"shop": "a", "at": 9 * HOUR, "amount": 1.0, "id": 9}
    assert online.push("sales", [row], known_at=9 * HOUR, row_id="id") == 0
    assert ask(online, 10 * HOUR) == {"n": 2, "s": 2.0}
    assert ask(online, 7 * HOUR) == {"n": None, "s": None}


def test_warming_again_changes_nothing_where_rows_have_ids(kv):
    online = OnlineFeatures(kv, [view()])
    history = frame([("a", 1, 1, 1.0), ("b", 2, 2, 3.0)]).with_columns(id=pl.Series(["x", "y"]))
    assert materialize(online, {"sales": history}, as_of=5, row_ids={"sales": "id"}) == 2
    assert materialize(online, {"sales": history}, as_of=6, row_ids={"sales": "id"}) == 0


def test_warming_leaves_out_what_is_not_known_yet(kv):
    online = OnlineFeatures(kv, [view()])
    materialize(online, {"sales": frame([("a", 1, 1, 1.0), ("a", 2, 50, 1.0)])}, as_of=10)
    assert ask(online, 20)["n"] == 1


def test_rows_without_entity_or_time_belong_to_nobody(kv):
    online = OnlineFeatures(kv, [view()])
    assert materialize(online, {"sales": frame([(None, 1, 1, 1.0), ("a", None, 1, 1.0)])}, as_of=10) == 0


def test_entities_of_several_columns_are_read_as_they_were_warmed(kv):
    online = OnlineFeatures(kv, [view(entity=("shop", "till"))])
    rows = frame([("a", 1, 1, 1.0), ("a", 2, 2, 5.0)]).with_columns(till=pl.Series([1, 2]))
    assert materialize(online, {"sales": rows}, as_of=10) == 2
    assert ask(online, 20, shop="a", till=2)["s"] == 5.0


def test_a_dataset_that_is_not_there_is_left_as_it_is(kv):
    assert materialize(OnlineFeatures(kv, [view()]), {"elsewhere": frame([])}, as_of=10) == 0


def test_a_frame_without_the_column_is_refused(kv):
    with pytest.raises(MissingColumnError, match="amount"):
        materialize(OnlineFeatures(kv, [view()]), {"sales": frame([]).drop("amount")}, as_of=10)

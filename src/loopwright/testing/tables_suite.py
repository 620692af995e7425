"""What every back end and wrapper of the table seam must do.

A test class subclasses `TablesSuite`, says `implementation = TheClass`, and has a fixture `tables` without rows.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import msgspec
import polars as pl
import pytest

from loopwright.errors import UsageError
from loopwright.store.tables import Tables


class _Row(msgspec.Struct, frozen=True):
    at: int
    x: float | None = None
    inner: dict[str, Any] = {}


def rows_of(tables: Tables, table: str = "requests", **how: Any) -> list[dict[str, Any]]:
    """The rows, by time."""
    frame = tables.scan(table, **how)
    return frame.sort("at").to_dicts() if frame.height else []


class DroppingSuite:
    """What dropping sealed parts leaves; a part of `TablesSuite`."""

    def test_dropped_parts_are_gone_and_the_rest_is_as_it_was(self, tables: Tables) -> None:
        for at in (10, 20, 30):
            tables.append("requests", [{"at": at}, {"at": at + 1}])
            tables.seal("requests")
        tables.append("requests", [{"at": 5}])
        parts = tables.sealed("requests")
        assert [(part.rows, part.first_at, part.last_at) for part in parts] == [(2, 10, 11), (2, 20, 21), (2, 30, 31)]
        assert tables.drop("requests", [parts[0].id, parts[2].id]) == 4
        assert [row["at"] for row in rows_of(tables)] == [5, 20, 21]
        assert tables.sealed("requests") == (parts[1],)
        assert tables.drop("requests", [parts[0].id, "another"]) == 0
        assert tables.drop("nothing", ["another"]) == 0

    def test_a_table_whose_every_part_was_dropped_has_no_rows_and_no_name(self, tables: Tables) -> None:
        tables.append("requests", [{"at": 1}])
        tables.seal("requests")
        tables.drop("requests", [part.id for part in tables.sealed("requests")])
        assert tables.names() == ()
        assert rows_of(tables) == []
        assert tables.sealed("requests") == ()
        tables.append("requests", [{"at": 2}])
        assert tables.seal("requests") == 1
        assert [row["at"] for row in rows_of(tables)] == [2]


class TablesSuite(DroppingSuite):
    """The contract of `Tables`."""

    implementation: ClassVar[type[Tables]]

    def test_rows_come_back_with_their_types(self, tables: Tables) -> None:
        row = {"at": 1, "text": "ü\n", "n": -5, "x": 0.5, "yes": True, "list": [1, 2], "object": {"a": {"b": "c"}}}
        tables.append("requests", [row])
        assert rows_of(tables) == [row]

    def test_a_table_without_rows_is_an_empty_frame(self, tables: Tables) -> None:
        assert tables.scan("requests").shape == (0, 0)
        frame = tables.scan("requests", columns=["at", "x"])
        assert (frame.shape, frame.columns) == ((0, 2), ["at", "x"])
        tables.append("requests", [])
        assert tables.names() == ()

    @pytest.mark.parametrize("sealed", [False, True])
    def test_time_bounds_are_half_open(self, tables: Tables, sealed: bool) -> None:
        tables.append("requests", [{"at": at} for at in (10, 20, 30)])
        if sealed:
            assert tables.seal("requests") == 3
        assert [row["at"] for row in rows_of(tables, since=10, until=30)] == [10, 20]
        assert [row["at"] for row in rows_of(tables, since=20)] == [20, 30]
        assert rows_of(tables, since=31) == []
        assert rows_of(tables, until=10) == []

    @pytest.mark.parametrize("sealed", [False, True])
    def test_columns_are_chosen_and_absent_ones_are_null(self, tables: Tables, sealed: bool) -> None:
        tables.append("requests", [{"at": 1, "a": 1, "b": 2}, {"at": 2, "a": 3}])
        if sealed:
            tables.seal("requests")
        frame = tables.scan("requests", columns=["b", "nowhere", "at"]).sort("at")
        assert frame.columns == ["b", "nowhere", "at"]
        assert frame.rows() == [(2, None, 1), (None, None, 2)]
        assert tables.scan("requests", columns=["nowhere"]).rows() == [(None,), (None,)]

    def test_rows_are_the_same_sealed_or_open(self, tables: Tables) -> None:
        first: list[dict[str, Any]] = [
            {"at": 2, "score": 0.5, "inputs": {"a": 1}},
            {"at": 1, "score": None, "inputs": {"a": 2}},
        ]
        later = [{"at": 3, "score": 1, "inputs": {"b": "x"}, "flags": ["odd"]}]
        tables.append("requests", first)
        assert tables.seal("requests") == 2
        tables.append("requests", later)
        before = rows_of(tables)
        assert tables.seal("requests") == 1
        assert tables.seal("requests") == 0
        assert rows_of(tables) == before
        assert before == [
            {"at": 1, "score": None, "inputs": {"a": 2, "b": None}, "flags": None},
            {"at": 2, "score": 0.5, "inputs": {"a": 1, "b": None}, "flags": None},
            {"at": 3, "score": 1.0, "inputs": {"a": None, "b": "x"}, "flags": ["odd"]},
        ]

    @pytest.mark.parametrize("sealed", [False, True])
    def test_objects_without_fields_are_null(self, tables: Tables, sealed: bool) -> None:
        row = {"at": 1, "empty": {}, "inner": {"x": 1, "empty": {}}, "none": None, "list": []}
        tables.append("requests", [row])
        if sealed:
            tables.seal("requests")
        (found,) = rows_of(tables)
        assert (found["empty"], found["none"], found["list"]) == (None, None, [])
        assert found["inner"]["x"] == 1

    def test_types_widen_across_segments(self, tables: Tables) -> None:
        for value in (1, 2.5, None):
            tables.append("requests", [{"at": 1, "x": value}])
            tables.seal("requests")
        assert sorted(tables.scan("requests")["x"].drop_nulls().to_list()) == [1.0, 2.5]
        assert tables.scan("requests")["x"].dtype == pl.Float64

    @pytest.mark.parametrize("sealed", [False, True])
    @pytest.mark.parametrize(
        "values", [[1, "a"], [True, 1], [{"a": 1}, [1]], [[1], 2], [{"a": 1}, True], [[True], [1]]]
    )
    def test_values_that_cannot_share_a_type_are_text(self, tables: Tables, values: list[Any], sealed: bool) -> None:
        for at, value in enumerate(values):
            tables.append("requests", [{"at": at, "x": value}])
            if sealed:
                tables.seal("requests")
        found = [row["x"] for row in rows_of(tables)]
        assert len(found) == len(values)
        assert all(isinstance(value, str) for value in found) or found == values

    def test_a_name_that_is_no_name_is_refused(self, tables: Tables) -> None:
        for name in ("", "../escape", "A", "a/b", "."):
            with pytest.raises(UsageError):
                tables.append(name, [{"at": 1}])

    def test_a_struct_is_a_row(self, tables: Tables) -> None:
        tables.append("requests", [_Row(at=1, x=0.5), _Row(at=2, inner={"a": None})])
        rows = rows_of(tables)
        assert [(row["at"], row["x"]) for row in rows] == [(1, 0.5), (2, None)]

    @pytest.mark.parametrize(
        "row", [{}, {"at": "now"}, {"at": 1.0}, {"at": None}, {"at": True}, {"at": 2**63}, {"at": 1, "x": object()}]
    )
    def test_a_row_without_time_or_json_is_refused_with_its_batch(self, tables: Tables, row: dict[str, Any]) -> None:
        with pytest.raises(UsageError):
            tables.append("requests", [{"at": 1}, row])
        assert rows_of(tables) == []

    def test_names_are_those_with_rows(self, tables: Tables) -> None:
        tables.append("requests", [{"at": 1}])
        tables.append("labels", [{"at": 1}])
        tables.seal("labels")
        assert tables.names() == ("labels", "requests")

    def test_sealing_an_unknown_table_seals_nothing(self, tables: Tables) -> None:
        assert tables.seal("nothing") == 0

    def test_appending_goes_on_after_close(self, tables: Tables) -> None:
        tables.append("requests", [{"at": 1}])
        tables.close()
        tables.append("requests", [{"at": 2}])
        assert [row["at"] for row in rows_of(tables)] == [1, 2]

    def test_threads_lose_no_row_to_sealing(self, tables: Tables) -> None:
        def write(start: int) -> None:
            for at in range(start, start + 20):
                tables.append("requests", [{"at": at}])

        with ThreadPoolExecutor(5) as pool:
            writers = [pool.submit(write, start) for start in range(0, 80, 20)]
            sealed = sum(pool.submit(tables.seal, "requests").result() for _ in range(3))
            for writer in writers:
                writer.result()
        assert sealed + tables.seal("requests") == 80
        assert [row["at"] for row in rows_of(tables)] == list(range(80))

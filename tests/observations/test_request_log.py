import pytest

from loopwright.errors import UsageError
from loopwright.observations.log_policy import annotated
from loopwright.observations.request_log import RequestLog, RequestRow, read_requests, stood_for
from loopwright.store.backends.memory_tables import MemoryTables


def row(at, endpoint="flights", **changed):
    fields = {
        "request_id": f"r{at}",
        "at": at,
        "event_time": at,
        "endpoint": endpoint,
        "arm": "champion",
        "version": "v",
    }
    return RequestRow(**{**fields, "inputs": {"carrier": "AA"}, "score": 0.5, **changed})


class CountedTables(MemoryTables):
    appends = 0

    def append(self, table, rows):
        self.appends += 1
        super().append(table, rows)


def test_a_batch_is_one_append():
    tables = CountedTables()
    RequestLog(tables).append([row(at) for at in range(100)])
    assert tables.appends == 1
    assert tables.scan("requests").height == 100


def test_every_field_of_a_row_comes_back():
    tables = MemoryTables()
    RequestLog(tables).append(
        [row(1, features={"wind": None, "gust": 3.5}, output={"label": True}, key="k", flags=("odd",), error="LW503")]
    )
    (found,) = read_requests(tables, "flights").to_dicts()
    assert found["features"] == {"wind": None, "gust": 3.5}
    assert (found["inputs"], found["output"], found["flags"]) == ({"carrier": "AA"}, {"label": True}, ["odd"])
    assert (found["key"], found["error"], found["score"], found["status"]) == ("k", "LW503", 0.5, 200)


def test_rows_of_shadows_are_left_out_unless_asked_for():
    tables = MemoryTables()
    RequestLog(tables).append([row(1), row(2, request_id="r1~dark", arm="dark", shadow_of="r1")])
    assert read_requests(tables, "flights")["request_id"].to_list() == ["r1"]
    assert read_requests(tables, "flights", columns=["arm"])["arm"].to_list() == ["champion"]
    assert read_requests(tables, "flights", shadows=True)["arm"].to_list() == ["champion", "dark"]


def test_rows_of_a_table_that_never_heard_of_shadows_are_all_there():
    tables = MemoryTables()
    tables.append("requests", [{"at": 1, "endpoint": "flights"}])
    assert read_requests(tables, "flights").height == 1
    assert read_requests(tables, "flights", columns=["at"]).height == 1


def test_a_row_without_time_keeps_the_whole_batch_out():
    tables = MemoryTables()
    with pytest.raises(UsageError):
        RequestLog(tables).append([row(1), {"endpoint": "flights"}])
    assert tables.scan("requests").height == 0


def test_reading_takes_one_endpoint_and_a_half_open_time_in_order():
    tables = MemoryTables()
    RequestLog(tables).append([row(30), row(10), row(20), row(20, "other")])
    assert read_requests(tables, "flights", since=10, until=30)["at"].to_list() == [10, 20]
    assert read_requests(tables, "flights", columns=["request_id"]).to_dict(as_series=False) == {
        "request_id": ["r10", "r20", "r30"]
    }
    assert read_requests(tables, "nobody").height == 0


def test_an_empty_log_has_the_columns_asked_for():
    assert read_requests(MemoryTables(), "flights", columns=["score"]).columns == ["score"]


def test_rows_of_a_sampled_log_stand_for_as_many_requests_as_they_say():
    tables = MemoryTables()
    assert stood_for(read_requests(tables, "flights", columns=["weight"])) == 0
    RequestLog(tables).append([row(1), row(2)])
    assert stood_for(read_requests(tables, "flights", columns=["weight"])) == 2
    assert stood_for(read_requests(tables, "flights")) == 2
    RequestLog(tables).append([annotated(row(at), weight=10 / 3) for at in (3, 4, 5)])
    assert stood_for(read_requests(tables, "flights", columns=["weight"])) == 12

import json
import os
import subprocess
from collections import Counter

import msgspec
import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.errors import NoSpaceError, SettingError
from loopwright.observations.arm_stats import from_requests, totals
from loopwright.observations.log_policy import AnnotatedRow, LogPolicy, Losses, annotated, policed
from loopwright.observations.request_log import RequestLog, RequestRow, read_requests
from loopwright.store.backends.memory_tables import MemoryTables
from loopwright.store.open_stores import create_home, open_stores

PLAIN = LogPolicy.parse(sample=1.0, redact="", full="refuse")


class Kept:
    """A sink in memory, which may be full."""

    def __init__(self):
        self.rows = []
        self.batches = 0
        self.full = False

    def append(self, rows):
        if self.full:
            raise NoSpaceError("the disk is full")
        self.rows += rows
        self.batches += 1


def row(request_id="r", **more):
    known = {"at": 1, "event_time": 1, "endpoint": "flights", "arm": "champion", "version": "v", "inputs": {"a": 1}}
    return RequestRow(**{"request_id": request_id} | known | more)


def log(sink, **policy):
    given = {"sample": 1.0, "redact": "", "full": "refuse"} | policy
    return policed(sink, LogPolicy.parse(**given), secret=b"home", losses=Losses())


def test_a_policy_that_asks_for_nothing_stands_before_nothing():
    sink = Kept()
    assert policed(sink, PLAIN, secret=b"", losses=Losses()) is sink


@pytest.mark.parametrize(
    "wrong",
    [
        {"sample": 1.1},
        {"sample": -0.1},
        {"sample": float("nan")},
        {"full": "ignore"},
        {"redact": "a:encrypt"},
        {"redact": ":hash"},
    ],
)
def test_a_setting_that_is_none_is_refused(wrong):
    with pytest.raises(SettingError):
        LogPolicy.parse(**{"sample": 1.0, "redact": "", "full": "refuse"} | wrong)


def test_a_sample_is_the_share_asked_for_and_each_row_says_what_it_stands_for():
    sink = Kept()
    sampled = log(sink, sample=0.25)
    sampled.append([row(f"req_{n}") for n in range(4000)])
    assert 900 < len(sink.rows) < 1100
    assert {kept.weight for kept in sink.rows} == {4.0}
    again = Kept()
    log(again, sample=0.25).append([row(f"req_{n}") for n in range(4000)])
    assert [kept.request_id for kept in again.rows] == [kept.request_id for kept in sink.rows]


def test_the_records_of_one_request_are_sampled_together():
    sink = Kept()
    log(sink, sample=0.5).append([row(f"req_{n}.{i}") for n in range(100) for i in range(3)])
    assert set(Counter(kept.request_id.partition(".")[0] for kept in sink.rows).values()) == {3}


@pytest.mark.parametrize(
    "odd",
    [
        {"status": 422, "error": "LW206"},
        {"fallback_from": "candidate"},
        {"release": "rel_1"},
        {"arm": "candidate"},
        {"arm": None},
        {"shadow_of": "r"},
    ],
)
def test_what_versions_are_judged_by_is_kept_whole(odd):
    sink = Kept()
    sampled = log(sink, sample=0.0)
    sampled.append([row("plain"), row("odd", **odd)])
    assert [kept.request_id for kept in sink.rows] == ["odd"]
    assert not isinstance(sink.rows[0], AnnotatedRow)


def test_counts_made_from_a_sampled_log_add_up_to_what_was_asked():
    tables = MemoryTables()
    sampled = log(RequestLog(tables), sample=0.5)
    sampled.append([row(f"req_{n}", latency_us=1000) for n in range(2000)])
    sampled.append([row(f"bad_{n}", status=502, error="LW508") for n in range(7)])
    found = totals(from_requests(read_requests(tables, "flights")))["champion"]
    assert abs(found.requests - 2007) < 120
    assert found.errors == 7
    assert sum(found.latency_us_buckets) == found.requests - 7


def test_a_redacted_column_is_nowhere_in_the_row_and_other_columns_are_as_they_were():
    sink = Kept()
    secret = row(inputs={"email": "eve@example.org", "age": 7}, features={"visits": 3, "email": "eve@example.org"})
    log(sink, redact="email,visits:drop").append([secret])
    (kept,) = sink.rows
    assert (kept.inputs, kept.features) == ({"age": 7}, {})
    assert b"eve@" not in msgspec.json.encode(kept)


def test_hashed_values_stay_equal_or_different_and_null_stays_null():
    sink = Kept()
    given = ["a", "b", "a", None, 1, 1.0]
    log(sink, redact="name:hash").append([row(inputs={"name": value}) for value in given])
    kept = [one.inputs["name"] for one in sink.rows]
    assert kept[0] == kept[2] != kept[1]
    assert kept[3] is None
    assert all(value.startswith("h:") for value in kept if value is not None)
    other = Kept()
    policed(other, LogPolicy(redact={"name": "hash"}), secret=b"another home", losses=Losses()).append(
        [row(inputs={"name": "a"})]
    )
    assert other.rows[0].inputs["name"] != kept[0]


@pytest.mark.parametrize(("how", "kept"), [("drop", None), ("hash", "h:")])
def test_a_key_that_shows_a_redacted_column_is_redacted_with_it(how, kept):
    sink = Kept()
    log(sink, redact=f"email:{how}").append(
        [row(inputs={"email": "eve"}, key="eve"), row(inputs={"email": 1}, key="x")]
    )
    assert (sink.rows[0].key or "None").startswith(kept or "None")
    assert sink.rows[1].key == "x"
    if how == "hash":
        assert sink.rows[0].key == sink.rows[0].inputs["email"]


def test_a_row_keeps_what_it_is_annotated_with() -> None:
    sink = Kept()
    log(sink, sample=0.9999999, redact="a").append([annotated(row(), trace_id="t")])
    (kept,) = sink.rows
    assert (kept.trace_id, kept.weight is None, kept.inputs) == ("t", False, {})


class Given(msgspec.Struct):
    email: str
    age: int


def test_inputs_that_are_a_struct_are_redacted_too():
    sink = Kept()
    log(sink, redact="email").append([row(inputs=Given("eve", 7))])
    assert sink.rows[0].inputs == {"age": 7}


def test_a_full_disk_refuses_unless_it_may_drop_and_then_it_counts():
    sink, losses = Kept(), Losses()
    sink.full = True
    with pytest.raises(NoSpaceError):
        policed(sink, PLAIN, secret=b"", losses=losses).append([row()])
    dropping = policed(sink, LogPolicy(drop_when_full=True), secret=b"", losses=losses)
    dropping.append([row(), row()])
    dropping.append([row()])
    assert (losses.rows, losses.losing) == (3, True)
    sink.full = False
    dropping.append([row()])
    assert (losses.rows, losses.losing, len(sink.rows)) == (3, False, 1)


@pytest.fixture
def small_disk(tmp_path):
    """A file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this user may not mount a small file system: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_on_a_disk_that_is_really_full_rows_are_lost_whole_and_the_log_goes_on_once_there_is_room(small_disk, tmp_path):
    home = create_home(tmp_path / "home", ids=random_id, clock=SystemClock())
    (home / "tables").rmdir()
    (home / "tables").symlink_to(small_disk)
    stores = open_stores(home, clock=SystemClock(), ids=random_id)
    losses = Losses()
    sink = policed(RequestLog(stores.tables), LogPolicy(drop_when_full=True), secret=b"", losses=losses)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(600_000))
    batch = [row(f"r{n}", inputs={"text": "x" * 1000}) for n in range(20)]
    for _ in range(40):
        sink.append(batch)
    assert losses.losing
    assert 0 < losses.rows < 800
    (segment,) = small_disk.glob("requests/open/*.jsonl")
    lines = segment.read_bytes()
    assert lines.endswith(b"\n")
    assert [json.loads(line)["request_id"] for line in lines.splitlines()] == [f"r{n}" for n in range(20)] * (
        40 - losses.rows // 20
    )
    os.unlink(ballast)
    sink.append(batch)
    assert not losses.losing
    assert read_requests(stores.tables, "flights").height == 820 - losses.rows
    stores.close()

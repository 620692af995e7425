import pytest

from loopwright.errors import SettingError
from loopwright.observations.retention import apply_retention, explain, parse_retention, plan_retention
from loopwright.store.backends.memory_tables import MemoryTables
from loopwright.store.tables import SealedPart

DAY = 86_400_000_000


def part(id, first_at, last_at, rows=10):
    return SealedPart(id=id, rows=rows, first_at=first_at, last_at=last_at)


@pytest.mark.parametrize(
    ("before", "gone"), [(0, ()), (19, ()), (20, ("a",)), (30, ("a",)), (41, ("a", "b")), (10**18, ("a", "b", "c"))]
)
def test_only_parts_that_are_wholly_older_go(before, gone):
    parts = [part("a", 10, 19), part("b", 15, 40), part("c", 50, 60)]
    plan = plan_retention("requests", parts, before=before)
    assert (plan.parts, plan.rows, plan.kept_rows) == (gone, 10 * len(gone), 30 - 10 * len(gone))


def test_a_plan_says_what_it_does():
    assert "no rows" in explain(plan_retention("requests", [part("a", 10, 19)], before=5))
    said = explain(plan_retention("requests", [part("a", 0, 1), part("b", DAY, 2 * DAY, rows=3)], before=DAY))
    assert said == "10 rows of requests from before 1970-01-02T00:00:00 go; 3 sealed rows stay"


def test_what_the_plan_names_is_removed():
    tables = MemoryTables()
    for at in (1, 2, 3):
        tables.append("requests", [{"at": at}])
        tables.seal("requests")
    assert apply_retention(tables, plan_retention("requests", tables.sealed("requests"), before=3)) == 2
    assert tables.scan("requests")["at"].to_list() == [3]


def test_a_retention_is_a_duration_or_nothing():
    assert parse_retention("") is None
    assert parse_retention("90d") == 90 * DAY
    with pytest.raises(SettingError):
        parse_retention("90 days")

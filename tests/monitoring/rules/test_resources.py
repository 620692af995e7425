"""What `lw.watch.resources` declares."""

import pytest

import loopwright as lw
from loopwright.errors import UsageError


def test_sizes_are_written_as_people_write_them_and_each_bound_is_a_figure():
    rule = lw.watch.resources(memory_at_most="1.5GB", cpu_at_most=0.9, disk_left_at_least=500)
    assert [(one.part, one.at_most, one.at_least) for one in rule.watched] == [
        ("memory", 1_500_000_000, None), ("cpu", 0.9, None), ("disk_left", None, 500),
    ]  # fmt: skip
    assert rule.periods == 5


def test_the_disk_is_watched_unless_told_otherwise():
    assert [one.part for one in lw.watch.resources().watched] == ["disk_left"]


@pytest.mark.parametrize("given", [{"memory_at_most": "much"}, {"cpu_at_most": 0}, {"disk_left_at_least": None}])
def test_what_cannot_hold_is_refused(given):
    with pytest.raises(UsageError):
        lw.watch.resources(**given)

"""The figures of monitoring, as they are declared."""

import re

import pytest

from loopwright.web.metric_families import FAMILIES, Family
from loopwright.web.monitor_families import MONITOR_FAMILIES


@pytest.mark.parametrize("family", MONITOR_FAMILIES, ids=lambda family: family.name)
def test_names_follow_the_conventions_of_prometheus(family: Family) -> None:
    assert re.fullmatch(r"loopwright_[a-z][a-z_]*[a-z]", family.name)
    assert not family.name.endswith("_total")
    assert not re.search(r"_(ms|us|minutes|hours|days|percent|kb|mb)$", family.name)
    assert family.help.endswith(".")


def test_no_name_is_used_twice() -> None:
    names = [family.name for family in (*FAMILIES, *MONITOR_FAMILIES)]
    assert len(set(names)) == len(names)

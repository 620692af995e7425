import numpy as np
import pytest

from loopwright.errors import UsageError
from loopwright.llm.retrieval.filters import Columns, columns_of

CHUNKS = [
    {"area": "api", "year": 2020, "tags": ["a", "b"]},
    {"area": "guide", "year": 2024.5, "draft": True},
    {"area": "api", "draft": False, "day": "2024-03-01"},
    {},
]


def columns(access=(None,) * 4):
    values, codes, lists, readers = columns_of(CHUNKS, access)
    return Columns(values, codes, access=lists, readers=readers)


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ({"area": "api"}, [0, 2]),
        ({"area": ["api", "guide"]}, [0, 1, 2]),
        ({"area": "api", "draft": False}, [2]),
        ({"tags": "b"}, [0]),
        ({"year": {"from": 2020, "to": 2024}}, [0]),
        ({"year": {"from": 2021}}, [1]),
        ({"day": {"to": "2024-12-31"}}, [2]),
        ({"year": 2020.0}, [0]),
        ({"draft": 1}, []),
        ({"year": {"from": "2020"}}, []),
        ({"unheard": "x"}, []),
        ({"area": []}, []),
    ],
)
def test_values_lists_and_ranges_are_found(where, rows):
    assert np.flatnonzero(columns().wanted(where)).tolist() == rows


def test_no_filter_is_no_mask():
    assert columns().wanted({}) is None


@pytest.mark.parametrize("asked", [None, {}, {"over": 1}, {"from": True}, {"from": 1, "to": "b"}, [["a"]], object()])
def test_what_cannot_be_filtered_by_is_refused_also_for_a_field_that_nobody_has(asked):
    for name in ("area", "unheard"):
        with pytest.raises(UsageError, match=name):
            columns().wanted({name: asked})


def test_readers_see_what_is_open_and_what_a_group_of_theirs_is_on_the_list_of():
    found = columns(access=(None, ("staff", "ops"), ("ops",), ()))
    assert found.visible(()).tolist() == [True, False, False, False]
    assert found.visible(("staff",)).tolist() == [True, True, False, False]
    assert found.visible(("ops", "x")).tolist() == [True, True, True, False]


def test_where_everything_is_open_there_is_no_mask():
    assert columns().visible(()) is None

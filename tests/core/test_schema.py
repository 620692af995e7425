"""An example satisfies the contract that it is an example of."""

import pytest

from loopwright.core.schema import Column, example_value


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (Column(name="a", kind="float", minimum=1.0, maximum=3.0), 2.0),
        (Column(name="a", kind="float"), 0.5),
        (Column(name="a", kind="float", minimum=2.0), 3.0),
        (Column(name="a", kind="int", minimum=10, maximum=20), 15),
        (Column(name="a", kind="int", minimum=0, exclusive_minimum=True), 1),
        (Column(name="a", kind="int", minimum=0, maximum=0), 0),
        (Column(name="a", kind="int", maximum=-5), -6),
        (Column(name="a", kind="float", maximum=-5.0), -6.0),
        (Column(name="a", kind="int", minimum=0, maximum=1, exclusive_minimum=True), 1),
        (Column(name="a", kind="bool"), False),
        (Column(name="a", kind="category", categories=("EWR", "JFK")), "EWR"),
        (Column(name="a", kind="string"), "a"),
    ],
)
def test_an_example_lies_within_the_bounds(column: Column, value: object) -> None:
    assert example_value(column) == value
    assert type(example_value(column)) is type(value)

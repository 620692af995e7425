"""`--set name=value`: JSON where it is JSON, else text."""

import pytest

from loopwright.cli.parameters import parameters_of
from loopwright.errors import UsageError


def test_values_are_json_where_they_can_be():
    given = parameters_of(["trees=300", "rate=0.1", "deep=true", 'names=["a"]', "kind=gbm", "text=a=b", "empty="])
    assert given == {"trees": 300, "rate": 0.1, "deep": True, "names": ["a"], "kind": "gbm", "text": "a=b", "empty": ""}


@pytest.mark.parametrize("pair", ["trees", "=3", ""])
def test_a_pair_without_a_name_or_an_equals_sign_is_refused(pair):
    with pytest.raises(UsageError, match="name=value"):
        parameters_of([pair])

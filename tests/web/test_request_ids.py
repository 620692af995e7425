import uuid

import pytest

from loopwright.testing.ids import CountingIds
from loopwright.web.request_ids import RequestIds

GIVEN = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("given", [GIVEN, f"req_{GIVEN}", str(uuid.UUID(GIVEN))])
def test_a_fresh_id_of_128_bits_is_kept_once(given):
    ids = RequestIds(CountingIds())
    assert ids.of(given) == given
    assert ids.of(given) != given


@pytest.mark.parametrize(
    "given", [None, "", "1", GIVEN.upper(), GIVEN + "0", GIVEN[:-1], f"{GIVEN}\n", "req_" + "z" * 32]
)
def test_any_other_id_is_replaced(given):
    assert RequestIds(CountingIds()).of(given) not in (given, None)


def test_what_is_remembered_has_a_bound():
    ids = RequestIds(CountingIds(), remembered=2)
    given = [f"{number:032x}" for number in range(3)]
    assert [ids.of(one) for one in given] == given
    assert ids.of(given[0]) == given[0]
    assert ids.of(given[2]) != given[2]

"""Two processes of a kind never run on one home."""

import pytest

from loopwright.errors import UsageError
from loopwright.web.alone import hold_alone


def test_the_second_is_refused_and_may_come_once_the_first_has_ended(tmp_path):
    lock = tmp_path / "run" / "control.lock"
    what = "control process"
    with hold_alone(lock, what), pytest.raises(UsageError, match="another control process"), hold_alone(lock, what):
        pass
    with hold_alone(lock, what):
        pass

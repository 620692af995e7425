"""Labels, as a loop file declares them."""

import pytest

from loopwright.core.clock import SECOND
from loopwright.errors import UsageError
from loopwright.monitoring.rules.target_drift import target_drift


def test_a_window_waits_for_its_labels():
    assert target_drift().delay_us == 86_400 * SECOND
    assert target_drift(delay="30d").delay_us == 30 * 86_400 * SECOND
    with pytest.raises(UsageError, match="late"):
        target_drift(delay="late")

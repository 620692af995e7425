"""How `loopwright monitor preview` shows what it found."""

import pytest

from loopwright.cli.monitor_preview import _row
from loopwright.monitoring.planted import ChangeKind
from loopwright.monitoring.preview import Catch, Setting

KINDS: tuple[ChangeKind, ...] = ("place", "missing")


def setting(*catches: Catch, unknown: str = "") -> Setting:
    return Setting(
        window="1d", mean_time=1_000, windows=1_000, false_alarms=1, per_thousand=1.0, low=0.03, high=5.6,
        catches=catches, unknown=unknown,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("catch", "said"),
    [
        (Catch(kind="place", size=0.5, median_windows=7, most_windows=9), "0.5 σ: 7, 9"),  # noqa: RUF001
        (Catch(kind="place", size=0.5, median_windows=7), "0.5 σ: 7, more"),  # noqa: RUF001
        (Catch(kind="place"), "none"),
    ],
)
def test_a_catch_says_how_much_and_how_soon(catch: Catch, said: str) -> None:
    assert _row(setting(catch), KINDS) == ("1d", "1,000", "1 (0.03 to 5.6)", said, "")


def test_a_choice_that_cannot_be_tried_says_why_and_shows_no_figure() -> None:
    assert _row(setting(unknown="ten days are too few"), KINDS) == (
        "1d",
        "1,000",
        "unknown: ten days are too few",
        "",
        "",
    )

"""From what is asked to the answer."""

from collections.abc import Callable

import pytest
from tests.app.conftest import Project
from tests.app.policies.conftest import FIRST_DAY

from loopwright.app.landing import land_all
from loopwright.app.policies.asked import Asked, ask, span_of
from loopwright.app.policies.course import Span
from loopwright.app.policies.history import History
from loopwright.errors import UsageError

Start = Callable[[str, int], Callable[[int], None]]


def test_without_dates_the_first_quarter_is_learned_from(history: History) -> None:
    assert span_of(history, None, None) == Span(first=FIRST_DAY + 30, end=FIRST_DAY + 120)


def test_dates_are_days_of_the_past(history: History) -> None:
    assert span_of(history, "2022-02-01", "2022-02-10") == Span(first=19_024, end=19_034)
    assert span_of(history, "2022-02-01", "2030-01-01").end == FIRST_DAY + 120


@pytest.mark.parametrize(
    ("first", "last"), [("soon", None), (None, "2022-13-01"), ("2001-01-01", None), ("2022-03-01", "2022-02-01")]
)
def test_dates_without_a_past_are_refused(history: History, first: str | None, last: str | None) -> None:
    with pytest.raises(UsageError):
        span_of(history, first, last)


def test_the_projects_own_home_is_only_read(timed: Project, quiet: Start) -> None:
    loaded = timed.loaded()
    workspace = timed.workspace()
    land_all(workspace, loaded.datasets)
    before = len(workspace.stores.ledger.read(after=0))
    found = ask(timed.folder, loaded, Asked(policies=("never", "every:40d")), home=timed.workspace, start=quiet)
    assert [result.policy for result in found.results] == ["never", "every:40d"]
    assert len(timed.workspace().stores.ledger.read(after=0)) == before


def test_a_label_delay_that_is_none_is_refused(timed: Project, quiet: Start) -> None:
    with pytest.raises(UsageError, match="label-delay"):
        ask(timed.folder, timed.loaded(), Asked(label_delay="later"), home=timed.workspace, start=quiet)

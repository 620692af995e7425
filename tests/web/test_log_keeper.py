"""The rest is tested on a whole worker in test_doors.py."""

import pytest

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.core.settings import resolve
from loopwright.errors import SettingError
from loopwright.observations.request_log import RequestLog
from loopwright.store.open_stores import create_home, open_stores
from loopwright.web.log_keeper import LogKeeper


@pytest.fixture
def stores(tmp_path):
    clock = SystemClock()
    opened = open_stores(create_home(tmp_path / "home", ids=random_id, clock=clock), clock=clock, ids=random_id)
    yield opened
    opened.close()


def keeper(stores, tmp_path, **given):
    settings = resolve(given, {}, tmp_path / "none", user_file=tmp_path / "none")
    return LogKeeper(stores, settings, clock=SystemClock(), worker="w1")


def test_without_settings_nothing_stands_between_an_endpoint_and_the_log(stores, tmp_path):
    made = keeper(stores, tmp_path)
    assert isinstance(made.sink, RequestLog)
    assert made.degraded() == {}


def test_losses_are_told_once_each_and_shown_while_they_go_on(stores, tmp_path):
    made = keeper(stores, tmp_path, request_log_full="drop")
    made.tell()
    made.losses.lost(3)
    assert made.degraded() == {"request_log": {"dropped_rows": 3, "why": "the disk is full"}}
    made.tell()
    made.tell()
    made.losses.lost(2)
    made.losses.kept()
    made.tell()
    assert made.degraded() == {}
    told = [event for event in stores.ledger.read() if event.kind == "request_log_dropped"]
    assert [(event.data, event.subject, event.actor) for event in told] == [
        ({"rows": 3}, "table:requests", "worker:w1"),
        ({"rows": 2}, "table:requests", "worker:w1"),
    ]


@pytest.mark.parametrize(
    "wrong", [{"log_sample": 2.0}, {"request_log_full": "lose"}, {"request_log_redact": "a:rot13"}]
)
def test_a_setting_that_is_none_ends_the_worker_at_its_start(stores, tmp_path, wrong):
    with pytest.raises(SettingError):
        keeper(stores, tmp_path, **wrong)

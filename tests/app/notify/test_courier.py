"""Delivery: in order, tried again, seen to fail, never lost, and never sent twice unless nobody can know."""

import json
import os
import signal
import subprocess
import sys
import textwrap

import pytest
from tests.app.notify.conftest import Outbox, a_message
from tests.app.notify.receiver import Receiver

from loopwright.app.notify.courier import GIVEN_UP_S, WAITS_S, Courier, is_due, next_try, send_again, waiting
from loopwright.app.notify.outbox import notifications
from loopwright.app.trace import journal
from loopwright.core.clock import SECOND
from loopwright.errors import NotFoundError, UsageError


def states(workspace):
    return [one.state for one in reversed(notifications(workspace))]


def test_a_message_is_sent_once_and_the_journal_says_so(outbox: Outbox, receiver: Receiver) -> None:
    outbox.settings["notify_webhooks"] = f"http://127.0.0.1:{receiver.port}/hook"
    workspace = outbox.workspace()
    (id_,) = outbox.tell(workspace, a_message())
    courier = Courier(workspace)
    assert (courier.deliver(), courier.deliver(), Courier(workspace).deliver()) == (1, 0, 0)
    assert [taken.headers["webhook-id"] for taken in receiver.taken] == [id_]
    assert states(workspace) == ["delivered"]
    (told,) = [e for e in journal(workspace.stores.ledger) if e.kind == "incident_told"]
    assert (told.subject, told.data["message"], told.data["attempts"]) == ("incident:inc_1", id_, 1)


def test_a_service_that_is_down_for_hours_gets_everything_in_order_when_it_is_up(
    outbox: Outbox, receiver: Receiver
) -> None:
    outbox.settings["notify_webhooks"] = f"http://127.0.0.1:{receiver.port}/hook"
    receiver.down()
    workspace = outbox.workspace()
    courier = Courier(workspace)
    first, second = outbox.tell(workspace, a_message(), a_message("resolved"))
    for _ in range(200):
        courier.deliver()
        outbox.clock.advance(180 * SECOND)
    (later, earlier) = notifications(workspace)
    assert (earlier.state, later.state, later.attempts) == ("waiting", "waiting", 0)
    assert 5 < earlier.attempts < 20
    assert "refused" in earlier.why.lower()
    assert [one.id for one in notifications(workspace, failing=True)] == [first]
    receiver.up()
    outbox.clock.advance(WAITS_S[-1] * SECOND)
    courier.deliver()
    assert [taken.headers["webhook-id"] for taken in receiver.taken] == [first, second]
    assert notifications(workspace, failing=True) == ()


def test_a_channel_that_is_down_delays_no_other(outbox: Outbox, receiver: Receiver) -> None:
    outbox.settings["notify_webhooks"] = f"http://127.0.0.1:9/down,http://127.0.0.1:{receiver.port}/hook"
    workspace = outbox.workspace()
    outbox.tell(workspace, *(a_message(id=f"inc_{n}") for n in range(80)))
    attempts = []
    courier = Courier(
        workspace, send=lambda _, one: attempts.append(one.channel.to) or ("down" if "down" in one.channel.to else "")
    )
    assert courier.deliver() == 50
    assert [to for to in attempts if "down" in to] == ["http://127.0.0.1:9/down"]
    assert courier.deliver() == 30


def test_one_that_no_service_takes_does_not_hold_back_other_incidents(outbox: Outbox, receiver: Receiver) -> None:
    outbox.settings["notify_webhooks"] = f"http://127.0.0.1:{receiver.port}/hook"
    workspace = outbox.workspace()
    bad, *_ = outbox.tell(workspace, a_message(id="inc_bad"), a_message(id="inc_good"))
    courier = Courier(workspace, send=lambda home, one: "400" if one.id == bad else "")
    assert (courier.deliver(), courier.deliver()) == (0, 1)
    assert states(workspace) == ["waiting", "delivered"]


def test_it_is_given_up_after_days_and_can_be_sent_again(outbox: Outbox, receiver: Receiver) -> None:
    outbox.settings["notify_webhooks"] = f"http://127.0.0.1:{receiver.port}/hook"
    receiver.status = 500
    workspace = outbox.workspace()
    (id_,) = outbox.tell(workspace, a_message())
    courier = Courier(workspace)
    for _ in range(GIVEN_UP_S // 3600 + 12):
        courier.deliver()
        outbox.clock.advance(3600 * SECOND)
    (one,) = notifications(workspace)
    assert (one.state, one.why) == ("given_up", "the other side answered 500")
    assert notifications(workspace, failing=True) == (one,)
    assert waiting(workspace) == ()
    receiver.status = 200
    again = send_again(workspace, id_[:12], actor="user:ann")
    assert again.id != id_
    courier.deliver()
    assert receiver.taken[-1].headers["webhook-id"] == again.id
    with pytest.raises(UsageError):
        send_again(workspace, again.id, actor="user:ann", again=False)
    with pytest.raises(NotFoundError):
        send_again(workspace, "msg_none", actor="user:ann")


def test_what_was_for_a_channel_that_is_gone_is_given_up(outbox: Outbox, receiver: Receiver) -> None:
    outbox.settings["notify_webhooks"] = f"http://127.0.0.1:{receiver.port}/hook"
    workspace = outbox.workspace()
    outbox.tell(workspace, a_message())
    workspace.close()
    outbox.settings["notify_webhooks"] = ""
    workspace = outbox.workspace()
    Courier(workspace).deliver()
    (one,) = notifications(workspace)
    assert (one.state, receiver.taken) == ("given_up", [])
    assert "no more" in one.why


def test_a_library_that_raises_is_a_failed_attempt(outbox: Outbox) -> None:
    outbox.settings["notify_webhooks"] = "http://127.0.0.1:9/x"
    workspace = outbox.workspace()
    outbox.tell(workspace, a_message())

    def raises(home: object, one: object) -> str:
        raise RuntimeError("with a secret")

    Courier(workspace, send=raises).deliver()
    (one,) = notifications(workspace)
    assert (one.attempts, one.why) == (1, "RuntimeError")


def test_attempts_wait_longer_each_time() -> None:
    waits = [next_try(attempts, 0) for attempts in range(1, 12)]
    assert waits == sorted(waits)
    assert waits[-1] == waits[-2] == 3600 * SECOND


KILLED = """
import os, signal, sys
from pathlib import Path
from loopwright.app.notify import courier as module
from loopwright.app.workspace import open_workspace

workspace = open_workspace(Path(sys.argv[1]))
sent = module.send

def dies(home, one):
    if sys.argv[2] == "after":
        assert sent(home, one) == ""
    os.kill(os.getpid(), signal.SIGKILL)

module.Courier(workspace, send=dies).deliver()
"""


@pytest.mark.parametrize(("when", "times"), [("before", 1), ("after", 2)])
def test_a_kill_in_the_middle_loses_nothing_and_what_may_come_twice_has_one_id(
    outbox: Outbox, receiver: Receiver, when: str, times: int
) -> None:
    outbox.settings["notify_cloudevents"] = f"http://127.0.0.1:{receiver.port}/hook"
    workspace = outbox.workspace()
    (id_,) = outbox.tell(workspace, a_message())
    workspace.close()
    script = textwrap.dedent(KILLED)
    died = subprocess.run([sys.executable, "-c", script, str(outbox.folder), when], env=dict(os.environ), check=False)
    assert died.returncode == -signal.SIGKILL
    workspace = outbox.workspace()
    (one,) = notifications(workspace)
    assert (one.state, one.attempts) == ("waiting", 1)  # the attempt was counted before it was made
    outbox.clock.set(one.next_at)
    Courier(workspace).deliver()
    assert states(workspace) == ["delivered"]
    assert [json.loads(taken.body)["id"] for taken in receiver.taken] == [id_] * times
    assert Courier(workspace).deliver() == 0


def test_a_clock_that_went_back_holds_no_message() -> None:
    now, longest = 10**15, WAITS_S[-1] * SECOND
    assert is_due(now, now)
    assert not is_due(now + 1, now)
    assert not is_due(next_try(len(WAITS_S), now), now)
    assert is_due(now + longest + 1, now)

"""Homes with messages in the outbox, and services that take them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.app.notify.receiver import Receiver

from loopwright.app.notify.outbox import outbox_records
from loopwright.app.workspace import Workspace, open_workspace
from loopwright.core.clock import SECOND
from loopwright.monitoring.explanation import Explanation, MovedColumn, Segment, Upstream
from loopwright.monitoring.incident import Finding, Incident
from loopwright.monitoring.telling import Message, News
from loopwright.testing.clocks import ManualClock

AT = 1_700_000_000 * SECOND


def an_incident(**changes: Any) -> Incident:
    finding = Finding(
        check="drift",
        reason="the distribution of wind moved",
        columns=("wind",),
        value=2500.0,
        threshold=1000.0,
        first_at=AT,
        last_at=AT,
    )
    segment = Segment(
        target="wind",
        column="airport",
        value="JFK",
        share_before=0.3,
        share_after=0.3,
        inside_before=5.0,
        inside_after=9.0,
        outside_before=5.0,
        outside_after=5.0,
        carries=0.98,
        z=30.0,
    )
    landed = Upstream(
        what="data", said="900 rows landed in weather", subject="dataset:weather", seq=7, at=AT, before_us=1
    )
    explanation = Explanation(
        changed_at=AT - 86_400 * SECOND,
        columns=(MovedColumn(column="wind", check="drift", effect=0.31),),
        segments=(segment,),
        upstream=(landed,),
    )
    made = Incident(
        id="inc_1", cause="version:abcdef", opened_at=AT, updated_at=AT, findings=(finding,), owner="team-sky",
        severity="warning", explanation=explanation, told="warning",
    )  # fmt: skip
    return made.with_(**changes)


def a_message(news: News = "opened", **changes: Any) -> Message:
    incident = an_incident(**changes)
    return Message(news=news, incident=incident, reason=incident.findings[0].reason)


class Outbox:
    """A home whose settings name receivers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.settings: dict[str, str] = {}

    def workspace(self) -> Workspace:
        folder = self.folder
        folder.mkdir(exist_ok=True)
        (folder / "secret").write_text("whsec")
        lines = [f'{name} = "{value}"' for name, value in {"webhook_secret": "secret", **self.settings}.items()]
        (folder / "loopwright.toml").write_text("\n".join(lines))
        opened = open_workspace(folder, create=True)
        object.__setattr__(opened, "clock", self.clock)
        object.__setattr__(opened, "machine", self.clock)
        return opened

    def tell(self, workspace: Workspace, *told: Message) -> tuple[str, ...]:
        """Write messages as a pass would; returns their ids."""
        records = []
        for message in told:
            records += outbox_records(workspace, "flights", [message], now=self.clock.now())
            self.clock.advance(1_000)
        workspace.stores.ledger.commit(records=records)
        return tuple(record.id for record in records)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver().up()
    yield made
    made.down()


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path / "project")

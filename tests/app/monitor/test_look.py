"""What a look reads."""

from typing import Any

from loopwright.app.labelled_log import LabelledLog
from loopwright.app.monitor.look import Look
from loopwright.app.versions import champion_of, manifest_of
from loopwright.observations.request_log import RequestLog, RequestRow


def test_a_look_sees_the_answers_of_the_version_under_watch_in_its_span(replayed: Any) -> None:
    workspace, loop = replayed.workspace(), replayed.loaded().loop
    version, now = str(champion_of(workspace, "small")), workspace.clock.now()
    signature = manifest_of(workspace, version).signature
    rows = [
        RequestRow(
            request_id=f"r{number}",
            at=now + number,
            event_time=now + number,
            endpoint="small",
            arm="champion",
            version=answered_by,
            key=None,
            inputs={"x": 0.0, "n": 1},
            score=0.5,
            output={"score": 0.5},
        )
        for number, answered_by in enumerate([version, "another", version, version])
    ]
    RequestLog(workspace.stores.tables).append(rows)
    look = Look(
        workspace=workspace,
        loop=loop,
        version=version,
        signature=signature,
        reference=None,
        log=LabelledLog(workspace, "small", version=version, signature=signature, since=now),
        now=now + 10,
    )
    assert look.answered(now, now + 3)["request_id"].to_list() == ["r0", "r2"]
    assert look.answered(now + 1)["request_id"].to_list() == ["r2", "r3"]

"""Which rule is tried, on which version's reference."""

from typing import Any

import pytest

import loopwright as lw
from loopwright.app.monitor.preview import drift_rule_of, preview_rule
from loopwright.errors import NotFoundError, UsageError
from loopwright.monitoring.preview import Effort

Project = Any


def loop_of(project: Project, *rules: Any) -> lw.Loop:
    return lw.Loop("small", pipeline=project.loaded().loop.pipeline, monitor=rules)


def test_the_first_drift_rule_is_tried_with_another_window_where_one_is_given(project: Project) -> None:
    declared = lw.drift("x", window="12h", mean_time_between_false_alarms=50)
    assert drift_rule_of(loop_of(project, declared)) == declared
    assert drift_rule_of(loop_of(project, declared), "500 rows").rows == 500
    assert drift_rule_of(loop_of(project, declared), "500 rows").columns == ("x",)
    assert drift_rule_of(loop_of(project)) == lw.drift()
    with pytest.raises(UsageError):
        drift_rule_of(loop_of(project), "fortnight")
    with pytest.raises(UsageError):
        drift_rule_of(loop_of(project, lw.drift(reference="seasonal")), "500 rows")


def test_the_champions_reference_is_tried_and_nothing_is_written(project: Project) -> None:
    workspace = project.workspace()
    before = len(list(workspace.stores.ledger.read()))
    told: list[float] = []
    found = preview_rule(
        workspace,
        loop_of(project),
        window="100 rows",
        effort=Effort(windows=100, streams=2, horizon=4),
        progress=lambda _, share: told.append(share),
    )
    assert found.check == "drift(window=100 rows)"
    assert found.preview.settings[0].windows == 100
    assert told == sorted(told)
    assert len(list(workspace.stores.ledger.read())) == before


def test_an_endpoint_without_a_version_is_told_what_to_run(project: Project) -> None:
    other = lw.Loop("other", pipeline=project.loaded().loop.pipeline)
    with pytest.raises(NotFoundError, match="no version"):
        preview_rule(project.workspace(), other)

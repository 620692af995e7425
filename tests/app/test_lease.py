from typing import Any

from loopwright.app.controller import Controller
from loopwright.app.lease import somebody_leads

Project = Any


def test_a_controller_that_makes_a_pass_leads(project: Project) -> None:
    workspace = project.workspace()
    assert not somebody_leads(workspace)
    assert Controller(workspace, project.loaded()).step().leading
    assert somebody_leads(workspace)

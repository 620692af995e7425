from typing import Any

import pytest

from loopwright.app.card import card
from loopwright.app.run import run_loop
from loopwright.errors import NotFoundError
from loopwright.registry.card import card_markdown

Project = Any


def test_the_card_says_what_the_version_is_and_how_it_was_judged(project: Project) -> None:
    workspace = project.workspace()
    found = card(workspace, "small")
    assert (found.version.name, found.version.number, found.aliases) == ("small", 1, ("champion", "latest"))
    assert found.judgement is not None
    assert [verdict.check for verdict in found.judgement.verdicts] == ["at_least(roc_auc, 0.6)"]
    assert found.version.provenance.parameters == {"depth": 2}
    assert found.version.provenance.datasets.keys() == {"table"}
    assert "at\\_least\\(roc\\_auc, 0.6\\)" in card_markdown(found)


def test_a_version_beside_the_champion_has_a_card_by_its_digest(project: Project) -> None:
    workspace = project.workspace()
    judged = run_loop(workspace, project.loaded(), parameters={"depth": 3}).judged
    assert judged is not None
    found = card(workspace, judged.version)
    assert (found.version.number, found.aliases) == (2, ("latest",))
    assert found.judgement is not None
    assert found.judgement.champion == card(workspace, "small@champion").version.digest


@pytest.mark.parametrize("name", ["other", "small@nowhere", "0" * 64])
def test_what_is_not_registered_has_none(project: Project, name: str) -> None:
    with pytest.raises(NotFoundError):
        card(project.workspace(), name)

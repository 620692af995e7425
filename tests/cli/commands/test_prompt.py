"""`loopwright prompt`."""

import json
from pathlib import Path
from typing import Any

import pytest

from loopwright.cli.main import main

FILE = "+++\nvariables = ['tone']\n+++\n\n# system\n\nBe {{ tone }}.\n\n# user\n\n{{ question }}\n"


class Prompts:
    """`loopwright prompt` in a project of its own."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str, code: int = 0) -> str:
        self._capsys.readouterr()
        assert main(["prompt", *arguments, "--project", str(self.folder)]) == code
        return self._capsys.readouterr().out

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self(*arguments, "--json", code=code))


@pytest.fixture
def prompts(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Prompts:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "answer.md").write_text(FILE)
    made = Prompts(tmp_path, capsys)
    assert "answer: version 1 is new" in made("push", "answer.md")
    return made


def test_a_prompt_goes_to_the_registry_and_back(prompts: Prompts) -> None:
    assert "unchanged" in prompts("push", "answer.md")
    assert prompts("pull", "answer") == FILE
    assert "wrote copy.md" in prompts("pull", "answer", "--to", "copy.md")
    assert (prompts.folder / "copy.md").read_text() == FILE
    assert "answer" in prompts("list")
    assert "Be {{ tone }}." in prompts("show", "answer:1")


def test_versions_are_compared_and_rendered(prompts: Prompts) -> None:
    (prompts.folder / "answer.md").write_text(FILE.replace("Be", "Always be"))
    prompts("push", "answer.md")
    shown = prompts("diff", "answer")
    assert "-Be {{ tone }}." in shown
    assert "+Always be {{ tone }}." in shown
    said = prompts.json("render", "answer:1", "--set", "tone=kind", "--set", "question=Why?")
    assert said["messages"] == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]
    assert "Always be 3." in prompts("render", "answer.md", "--set", "tone=3", "--set", "question=?")
    assert "tone" in prompts.json("render", "answer", code=1)["error"]["fix"]


def test_a_protected_alias_needs_its_evaluation_or_an_override(prompts: Prompts) -> None:
    assert "questions" in prompts("protect", "answer@production", "--by", "questions")
    refused = prompts.json("alias", "answer", "production", code=4)["error"]
    assert refused["code"] == "LW302"
    assert "questions" in refused["what"]
    assert "recorded" in prompts("alias", "answer", "production", "--override", "urgent")
    assert "urgent" in prompts("history", "answer@production")
    assert "protected by questions" in prompts("show", "answer")
    assert "not protected" in prompts("protect", "answer@production", "--off")
    assert prompts.json("protect", "answer@production", code=1)["error"]["code"] == "LW105"


def test_prompts_are_exported_for_programs_without_a_home(prompts: Prompts) -> None:
    assert "answer@latest" in prompts("export", "--to", "pins.json")
    assert json.loads((prompts.folder / "pins.json").read_text())["prompts"]["answer@latest"]["number"] == 1


def test_a_file_outside_of_the_project_is_refused(prompts: Prompts, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.md"
    outside.write_text("secret")
    assert prompts.json("push", str(outside), code=1)["error"]["code"] == "LW111"
    assert [one["name"] for one in prompts.json("list")] == ["answer"]

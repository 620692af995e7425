"""The template that tunes a model: it learns, goes on after a kill, ends the same. Needs an interpreter with torch."""

import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

PYTHON = os.environ.get("LOOPWRIGHT_TORCH_PYTHON", "")
CLI = "from loopwright.cli.main import main; raise SystemExit(main())"
ASKED = """
import json, sys
from loopwright.integrations.transformers import answered
from loopwright.llm.local_upstream import LocalAsk
from loopwright.llm.provider import HttpAsk

where, cases = sys.argv[1], [json.loads(line) for line in open(sys.argv[2])]
right = 0
for case in cases:
    body = {"messages": [{"role": "user", "content": case["question"]}], "temperature": 0, "max_tokens": 8}
    ask = HttpAsk(path="/chat/completions", body=json.dumps(body).encode())
    found = json.loads(answered(LocalAsk(where=where, ask=ask, given_up=lambda: False)).body)
    right += found["choices"][0]["message"]["content"].strip() == case["expected"]
print(right / len(cases))
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON, reason="LOOPWRIGHT_TORCH_PYTHON names no interpreter with torch and loopwright"),
]


def _cli(*arguments: str, cwd: Path, timeout: float = 400) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [PYTHON, "-c", CLI, *arguments], cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )


def _share_right(where: str, project: Path) -> float:
    done = subprocess.run(
        [PYTHON, "-c", ASKED, where, "cases/questions.jsonl"],
        cwd=project, capture_output=True, text=True, timeout=300, check=True,
    )  # fmt: skip
    return float(done.stdout.split()[-1])


def _adapter(project: Path, version: str) -> Path:
    return next((project / ".loopwright" / "run" / "bundles").glob(f"{version[:12]}*")) / "parts" / "adapter"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh project."""
    folder = tmp_path_factory.mktemp("finetune")
    done = _cli("new", "mine", "--template", "finetune", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "mine"


@pytest.fixture(scope="module")
def killed(made: Path) -> tuple[Path, str]:
    """The project after a run that was killed in the middle of the training and was made again."""
    with subprocess.Popen(
        [PYTHON, "-c", CLI, "run"], cwd=made, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:  # fmt: skip
        until = time.monotonic() + 200
        while not list((made / ".loopwright").rglob("progress.pt")):
            assert time.monotonic() < until, "no checkpoint was written"
            assert running.poll() is None, "the run ended before its first checkpoint"
            time.sleep(0.02)
        os.killpg(running.pid, signal.SIGKILL)
    again = _cli("run", cwd=made)
    assert again.returncode == 0, again.stderr
    return made, again.stdout + again.stderr


def _champion(project: Path) -> str:
    done = _cli("card", "page-finder", "--json", cwd=project)
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["version"]["digest"])


def test_a_run_that_was_killed_goes_on_from_its_checkpoint(killed: tuple[Path, str]) -> None:
    _, said = killed
    assert "begins at step" not in said
    assert "goes on from step" in said
    assert "champion: version 1" in said


def test_the_tuned_model_answers_what_its_base_cannot(killed: tuple[Path, str]) -> None:
    project, _ = killed
    adapter = _adapter(project, _champion(project))
    base = adapter.parent / "base"
    assert _share_right(f"{base}?adapter={adapter}", project) >= 0.6
    assert _share_right(str(base), project) <= 0.1


def test_an_undisturbed_run_makes_the_same_adapter(killed: tuple[Path, str]) -> None:
    project, _ = killed
    files = {path.name: path.read_bytes() for path in _adapter(project, _champion(project)).iterdir()}
    straight = project.parent / "straight"
    shutil.copytree(project, straight, ignore=shutil.ignore_patterns(".loopwright", "__pycache__"))
    done = _cli("run", cwd=straight)
    assert done.returncode == 0, done.stderr
    other = {path.name: path.read_bytes() for path in _adapter(straight, _champion(straight)).iterdir()}
    assert other == files
    assert _champion(straight) == _champion(project)


def test_a_version_that_learnt_too_little_is_refused_and_the_champion_stays(killed: tuple[Path, str]) -> None:
    project, _ = killed
    before = _champion(project)
    done = _cli("run", "--set", "steps=10", cwd=project)
    assert done.returncode == 3, done.stderr
    assert "exact passes" in done.stderr
    assert _champion(project) == before

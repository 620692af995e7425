"""The template of an LLM application: it passes its own gate over the documentation as it is, without a network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

CLI = "from loopwright.cli.main import main; raise SystemExit(main())"

pytestmark = pytest.mark.slow


def _cli(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", CLI, *arguments], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    done = _cli("new", "bot", "--template", "llm", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    return tmp_path / "bot"


def test_the_documentation_passes_the_gate_and_its_version_is_champion(project: Path) -> None:
    done = _cli("run", cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "champion: version 1" in done.stdout


def test_one_s_own_documents_and_cases_take_the_place_of_ours(project: Path) -> None:
    for page in (project / "docs").iterdir():
        page.unlink()
    (project / "docs" / "warranty.md").write_text("# Warranty\n\nKettles have a warranty of three years.\n")
    case = {"question": "How long is the warranty of a kettle?", "expected": "three", "relevant": ["docs/warranty.md"]}
    (project / "cases" / "questions.jsonl").write_text(json.dumps(case) + "\n")
    done = _cli("run", cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr
    (project / "docs" / "warranty.md").write_text("# Delivery\n\nParcels take two days.\n")
    done = _cli("run", cwd=project)
    assert done.returncode == 3, done.stdout + done.stderr
    assert "questions" in done.stdout + done.stderr

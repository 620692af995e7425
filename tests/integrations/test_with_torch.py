"""Tests that need torch, by the interpreter that has it: LOOPWRIGHT_TORCH_PYTHON."""

import os
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
def test_models_of_transformers_answer_in_this_process() -> None:
    python = os.environ.get("LOOPWRIGHT_TORCH_PYTHON", "")
    if not python:
        pytest.skip(
            "LOOPWRIGHT_TORCH_PYTHON names no interpreter with torch, transformers, peft, pytest and loopwright"
        )
    root = HERE.parent.parent
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE / "test_transformers.py")],
        cwd=root, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout or "[100%]" in done.stdout
    assert "skipped" not in done.stdout

"""Both libraries in one process."""

import subprocess
import sys

import pytest

pytest.importorskip("onnxruntime")
pytest.importorskip("usearch")


def test_a_model_runs_after_the_library_of_neighbours_was_loaded() -> None:
    code = (
        "from loopwright.llm.embedding.neighbours import usearch_index; usearch_index(); "
        "import onnxruntime; onnxruntime.get_available_providers(); print('well')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "well"), done.stderr[-500:]

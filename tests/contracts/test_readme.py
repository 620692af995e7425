"""The README's loop file is one: it loads, and it is as short as it says."""

import re
from pathlib import Path

from tests.contracts.sources import ROOT

from loopwright.app.loop_file import load_loop

LOOP = re.search(r"```python\n(.+?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)


def test_the_readmes_loop_file_loads_and_declares_every_part_of_a_loop(tmp_path: Path) -> None:
    assert LOOP is not None
    (tmp_path / "readme_loop.py").write_text(LOOP[1], encoding="utf-8")
    loaded = load_loop(tmp_path / "readme_loop.py", tmp_path)
    loop = loaded.loop
    assert loop.name == "malignancy"
    assert all((loop.gate, loop.release, loop.monitor, loop.retrain, loaded.datasets))


def test_the_readmes_loop_file_is_twenty_lines_at_most() -> None:
    assert LOOP is not None
    assert len([line for line in LOOP[1].splitlines() if line.strip()]) <= 20

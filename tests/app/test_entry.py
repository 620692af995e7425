import subprocess
import sys

import pytest

from loopwright.app.entry import entry
from loopwright.app.judge import judge
from loopwright.app.run import JUDGE, SOURCES

LANDING = ("loopwright.data.landing:land", "loopwright.data.landing:land_pushed")
INTAKE = ("loopwright.data.pushing:waiting_batches", "loopwright.app.new_from_data:new_from_data")


@pytest.mark.parametrize("name", [JUDGE, *SOURCES.values(), *LANDING, *INTAKE, "loopwright.cli.whole_run:whole_run"])
def test_every_name_that_the_program_goes_by_is_there(name: str) -> None:
    assert callable(entry(name))


def test_a_name_is_the_object_itself() -> None:
    assert entry("loopwright.app.judge:judge") is judge


def test_what_reaches_by_name_does_not_import_it() -> None:
    heavy = "{'polars', 'numpy', 'sklearn'}"
    light = f"import sys, loopwright.app.run, loopwright.app.landing; print(*{heavy} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", light], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []

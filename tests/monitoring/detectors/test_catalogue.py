"""All statistics of the package are in the catalogue."""

from pathlib import Path

import loopwright.monitoring.detectors as package
from loopwright.monitoring.detectors.catalogue import STATISTICS


def test_every_file_that_measures_a_column_is_in_it():
    files = Path(package.__file__).parent.glob("*.py")
    measuring = {
        path.stem
        for path in files
        if "def measure(self, column: ColumnReference" in path.read_text() and path.stem != "statistic"
    }
    assert measuring == {type(statistic).__module__.rpartition(".")[2] for statistic in STATISTICS}

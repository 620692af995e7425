"""Two runs of one pipeline in one home at once."""

import subprocess
import sys
import textwrap

from tests.pipelines.test_kill import DRIVER, LOOP

from loopwright.core.clock import SystemClock
from loopwright.core.events import GENESIS
from loopwright.core.ids import random_id
from loopwright.formats.value import get_value
from loopwright.store.open_stores import create_home, open_stores


def test_both_finish_with_the_same_result_and_one_journal(tmp_path):
    (tmp_path / "killed_loop.py").write_text(textwrap.dedent(LOOP))
    (tmp_path / "driver.py").write_text(textwrap.dedent(DRIVER))
    create_home(tmp_path / "home", ids=random_id, clock=SystemClock())
    command = [sys.executable, str(tmp_path / "driver.py"), str(tmp_path), "3"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    models = {process.communicate(timeout=60)[0].split()[1] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(models) == 1

    stores = open_stores(tmp_path / "home", clock=SystemClock(), ids=random_id)
    assert get_value(stores.blobs, models.pop()) == sum((3 + k) * 5000 for k in range(8))
    events = stores.ledger.read(limit=1000)
    assert [e.previous for e in events] == [GENESIS, *(e.digest for e in events[:-1])]
    assert [e.kind for e in events].count("run_finished") == 2
    assert len(stores.ledger.search("step_result", limit=100)) == 10
    stores.close()

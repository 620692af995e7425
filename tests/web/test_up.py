"""A worker and a probation child under one supervisor, all real; killed at the top."""

import json
import subprocess
import sys

from loopwright.core.settings import resolve
from loopwright.web.threads import thread_variables
from loopwright.web.up import probation_children, worker_commands

UP = """
import sys
from pathlib import Path
from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.core.settings import resolve
from loopwright.store.open_stores import open_stores
from loopwright.web.supervisor import Supervisor
from loopwright.web.up import probation_children, worker_commands

home, none = Path(sys.argv[1]), Path("/nonexistent")
settings = resolve({"port": 0}, {}, none, user_file=none)
stores = open_stores(home, clock=SystemClock(), ids=random_id)
Supervisor(commands=worker_commands(home, ["flights"], settings), run=home / "run", clock=SystemClock(),
           wanted=probation_children(stores, settings)).run_until_stopped()
"""


def test_when_the_supervisor_is_killed_worker_and_child_end_by_themselves(home, wait_until):
    champion, canary = home.bundle(), home.bundle(seed=1)
    home.arms(champion, canary=canary, share=0.5, release="rel_1")
    process = subprocess.Popen([sys.executable, "-c", UP, str(home.path)])
    run = home.path / "run"

    def serving():
        (lease,) = [record.data for record in home.stores.ledger.search("lease")]
        assert lease["arms"] == {"flights": {"champion": "ready", "candidate": "ready"}}
        return json.loads((run / "supervisor.json").read_text())["children"]

    children = wait_until(serving)
    assert set(children) == {"worker-1", f"probation-{canary[:16]}"}
    process.kill()
    process.wait()

    def all_gone():
        for pid in children.values():
            try:
                with open(f"/proc/{pid}/stat") as file:
                    assert file.read().rsplit(")", 1)[1].split()[0] == "Z"
            except FileNotFoundError:
                continue

    wait_until(all_gone)
    (lease,) = [record.data for record in home.stores.ledger.search("lease")]
    assert lease["ended"] is True


def test_commands_name_what_they_are_for(home, tmp_path):
    settings = resolve({"port": 8712, "host": "localhost"}, {}, tmp_path, user_file=tmp_path)
    (command,) = worker_commands(home.path, ["flights", "trains"], settings)
    assert command.arguments[-4:] == ("--host", "localhost", "--port", "8712")
    assert command.arguments.count("--endpoint") == 2
    home.arms(home.bundle(), canary=home.bundle(seed=2), share=0.1, release="rel_2")
    (child,) = probation_children(home.stores, settings)()
    kept = {"PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV"}
    assert set(child.environment) <= kept | set(thread_variables(settings))
    assert command.environment["OMP_NUM_THREADS"] == child.environment["OMP_NUM_THREADS"] == "1"
    assert child.folder == home.path / "run" / "bundles" / child.folder.name

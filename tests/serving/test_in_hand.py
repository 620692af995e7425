"""What a worker was doing when it ended, as its file tells afterwards."""

import subprocess
import sys

import pytest

from loopwright.serving.in_hand import InHand, busy

DIE = """
import os, sys
from pathlib import Path
from loopwright.serving.in_hand import InHand
hands = InHand(Path(sys.argv[1]), ["flights", "trains", "ships"])
with hands.of("flights"):
    pass
with hands.of("trains"):
    os._exit(7)
"""


def test_the_model_in_hand_is_known_after_the_process_is_gone(tmp_path):
    path = tmp_path / "worker-1.hand"
    done = subprocess.run([sys.executable, "-c", DIE, str(path)], check=False)
    assert done.returncode == 7
    assert busy(path, ["flights", "trains", "ships"]) == ["trains"]


def test_a_model_that_raises_is_no_longer_in_hand(tmp_path):
    path = tmp_path / "run" / "worker-1.hand"
    with pytest.raises(RuntimeError), InHand(path, ["flights"]).of("flights"):
        raise RuntimeError
    assert busy(path, ["flights"]) == []
    assert busy(tmp_path / "none", ["flights"]) == []

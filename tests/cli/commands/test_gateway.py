"""What `loopwright gateway` refuses; what it serves, `tests/web/gateway/test_at_once.py` shows."""

import subprocess
import sys


def refused(folder, *arguments):
    command = [sys.executable, "-m", "loopwright.cli.main", "gateway", *arguments]
    return subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)


def test_a_home_without_an_application_says_what_to_do(tmp_path):
    done = refused(tmp_path)
    assert (done.returncode, "LW104" in done.stderr, "--upstream" in done.stderr) == (1, True, True)


def test_a_key_that_is_written_down_is_refused_and_not_repeated(tmp_path):
    done = refused(tmp_path, "--upstream", "http://127.0.0.1:9/v1", "--key", "sk-1")
    assert (done.returncode, "LW105" in done.stderr, "sk-1" in done.stderr) == (1, True, False)
    assert not (tmp_path / ".loopwright").exists()

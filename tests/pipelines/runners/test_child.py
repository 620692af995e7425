import os
import subprocess
import sys


def test_the_child_ends_when_nobody_tells_it_anything():
    pipes = [os.pipe() for _ in range(3)]
    passed = [pipes[0][0], pipes[1][1], pipes[2][0], 2]
    command = [sys.executable, "-m", "loopwright.pipelines.runners.child", *map(str, passed)]
    child = subprocess.Popen(command, pass_fds=passed, start_new_session=True)
    os.close(pipes[0][0])
    os.close(pipes[0][1])
    assert child.wait(20) == 0
    for file in (pipes[1][0], pipes[1][1], pipes[2][0], pipes[2][1]):
        os.close(file)


def test_starting_it_imports_nothing_heavy():
    code = "import sys, loopwright.pipelines.runners.child; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"polars", "numpy", "sklearn", "pandera", "asyncio", "sqlite3"} & set(loaded) == set()

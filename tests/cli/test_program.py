"""What to type next is what the shell finds, or the path by which this program was started."""

import sys

from loopwright.cli import program


def test_the_name_is_used_where_the_shell_finds_it(monkeypatch):
    monkeypatch.setattr(program.shutil, "which", lambda name: f"/usr/bin/{name}")
    assert program.program_name() == "loopwright"


def test_else_the_path_is_whole(monkeypatch, tmp_path):
    monkeypatch.setattr(program.shutil, "which", lambda name: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["bin/loopwright", "demo"])
    assert program.program_name() == str(tmp_path / "bin" / "loopwright")

"""A child process gets a path, a locale and what it is given; no keys."""

import pytest

from loopwright.core.environment import child_environment, variables


def test_a_child_gets_nothing_ambient_but_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_API_KEY", "hunter2")
    monkeypatch.setenv("PATH", "/bin")
    given = child_environment(LOOPWRIGHT_ARM="candidate")
    assert given["PATH"] == "/bin"
    assert given["LOOPWRIGHT_ARM"] == "candidate"
    assert "SECRET_API_KEY" not in given


def test_the_variables_are_a_copy_taken_now(monkeypatch: pytest.MonkeyPatch) -> None:
    before = variables()
    monkeypatch.setenv("LOOPWRIGHT_PROBE", "1")
    assert "LOOPWRIGHT_PROBE" not in before
    assert variables()["LOOPWRIGHT_PROBE"] == "1"

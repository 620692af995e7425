"""Results on stdout, notes and bars on stderr."""

import json
from pathlib import Path

import msgspec
import numpy as np
import pytest

from loopwright.cli import render


class Point(msgspec.Struct, frozen=True):
    x: float


def test_json_text_takes_structs_numpy_and_paths_and_has_no_nan() -> None:
    text = render.json_text(
        {"p": Point(1.5), "n": np.float64(2), "a": np.arange(2), "path": Path("a/b"), "nan": float("nan")}
    )
    assert json.loads(text) == {"p": {"x": 1.5}, "n": 2.0, "a": [0, 1], "path": "a/b", "nan": None}


def test_json_text_refuses_what_it_does_not_know() -> None:
    with pytest.raises(TypeError, match="object has no JSON form"):
        render.json_text({"x": object()})


def test_a_table_shows_every_cell_and_reads_no_markup(capsys: pytest.CaptureFixture[str]) -> None:
    render.table(["rule", "value"], [["[red]auc[/red]", 0.681234], ["rows", 12345], ["ok", True], ["none", None]])
    shown = capsys.readouterr().out
    for part in ("rule", "[red]auc[/red]", "0.6812", "12,345", "yes"):
        assert part in shown
    assert "None" not in shown


def test_a_long_cell_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    digest = "b3:" + "0123456789abcdef" * 8
    render.table(["digest"], [[digest]])
    assert digest in capsys.readouterr().out


def test_notes_and_bars_leave_stdout_alone(capsys: pytest.CaptureFixture[str]) -> None:
    with render.progress() as bars:
        advance = bars.start("replaying", total=3)
        advance(3)
        bars.note("chapter [1]")
    render.note("done")
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "chapter [1]\ndone\n"


def test_what_came_over_the_network_does_not_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "\x1b[2J\x1b]0;owned\x07 \x9b31m \r all is well \u202e"
    render.line(hostile)
    render.note(hostile)
    render.table(["said"], [[hostile]])
    shown = capsys.readouterr()
    for text in (shown.out, shown.err):
        assert not {"\x1b", "\x07", "\x9b", "\r", "\u202e"} & set(text)
        assert r"\x1b[2J" in text
    render.line("a\tb\nc ü 漢")
    assert capsys.readouterr().out == "a\tb\nc ü 漢\n"

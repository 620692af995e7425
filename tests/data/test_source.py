import os
from collections.abc import Callable
from pathlib import Path

import pytest

import loopwright.data.source as source_module
from loopwright.core.clock import SECOND
from loopwright.core.hashing import digest_bytes, digest_file
from loopwright.data.source import StatCache, discover, probe
from loopwright.errors import SourceError

Write = Callable[[str, str], Path]


class At:
    """A clock that says one time."""

    def __init__(self, at: int) -> None:
        self.at = at

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        raise AssertionError(seconds)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Which files were read whole."""
    read: list[Path] = []

    def spy(path: Path) -> str:
        read.append(path)
        return digest_file(path)

    monkeypatch.setattr(source_module, "digest_file", spy)
    return read


def test_a_file_a_glob_and_a_folder_each_mean_their_files_once(tmp_path: Path, write: Write) -> None:
    a, b, c = write("d/a.csv", "x\n1\n"), write("d/e/b.parquet", "-"), write("d/c.txt", "-")
    assert discover(["d/a.csv", "d/*.csv"], tmp_path) == (a,)
    assert discover(["d"], tmp_path) == (a, b)
    assert discover(["d/**/*.parquet"], tmp_path) == (b,)
    with pytest.raises(SourceError, match="neither CSV nor Parquet"):
        discover([str(c)], tmp_path)


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path, write: Write) -> None:
    odd = write("a[1]*.csv", "x\n1\n")
    write("a1z.csv", "x\n1\n")
    assert discover(["a[1]*.csv"], tmp_path) == (odd,)


def test_a_pattern_that_means_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no file matches 'data/\*\.csv'"):
        discover(["data/*.csv"], tmp_path)


def test_a_probe_gives_each_file_its_digest(tmp_path: Path, write: Write) -> None:
    write("b.csv", "x\n2\n")
    write("a.csv", "x\n1\n")
    files = probe(["*.csv"], project=tmp_path)
    assert [(f.name, f.digest) for f in files] == [
        ("a.csv", digest_bytes(b"x\n1\n")),
        ("b.csv", digest_bytes(b"x\n2\n")),
    ]


def test_an_unchanged_file_is_not_read_again_by_another_process(
    tmp_path: Path, write: Write, hashed: list[Path]
) -> None:
    file = write("a.csv", "x\n1\n")
    later = At(file.stat().st_mtime_ns // 1000 + 3 * SECOND)
    probe(["a.csv"], project=tmp_path, cache=StatCache(tmp_path / "cache.json", clock=later))
    probe(["a.csv"], project=tmp_path, cache=StatCache(tmp_path / "cache.json", clock=later))
    assert hashed == [file]


def test_a_young_mtime_is_not_trusted(tmp_path: Path, write: Write, hashed: list[Path]) -> None:
    file = write("a.csv", "x\n1\n")
    cache = StatCache(clock=At(file.stat().st_mtime_ns // 1000 + SECOND))
    stat = file.stat()
    before = probe(["a.csv"], project=tmp_path, cache=cache)[0].digest
    file.write_text("x\n2\n")  # the same size, and the same mtime as before:
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert probe(["a.csv"], project=tmp_path, cache=cache)[0].digest != before
    assert len(hashed) == 2


@pytest.mark.parametrize("change", ["size", "mtime", "inode"])
def test_a_change_of_the_stat_is_a_reason_to_read(
    tmp_path: Path, write: Write, hashed: list[Path], change: str
) -> None:
    file = write("a.csv", "x\n1\n")
    cache = StatCache(clock=At(file.stat().st_mtime_ns // 1000 + 3 * SECOND))
    probe(["a.csv"], project=tmp_path, cache=cache)
    stat = file.stat()
    if change == "inode":
        file.rename(tmp_path / "old")
        write("a.csv", "x\n3\n")
    if change == "size":
        file.write_text("x\n12\n")
    moved = SECOND * 1000 if change == "mtime" else 0
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + moved))
    probe(["a.csv"], project=tmp_path, cache=cache)
    assert len(hashed) == 2


def test_a_broken_cache_is_an_empty_one(tmp_path: Path, write: Write) -> None:
    write("a.csv", "x\n1\n")
    (tmp_path / "cache.json").write_text("{]")
    assert probe(["a.csv"], project=tmp_path, cache=StatCache(tmp_path / "cache.json"))[0].size_bytes == 4

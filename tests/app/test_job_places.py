"""Where jobs may read and write, by table."""

from pathlib import Path

import pytest

from loopwright.app.job_places import check_files, place_below
from loopwright.errors import ForbiddenError


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("in.csv", "in.csv"),
        ("deep/*.parquet", "deep/*.parquet"),
        ("out/", "out/"),
        ("deep/../in.csv", "in.csv"),
    ],
)
def test_places_below_the_folder(tmp_path: Path, given: str, wanted: str) -> None:
    assert place_below("share", given, tmp_path) == f"{tmp_path.resolve()}/share/{wanted}"
    assert place_below(str(tmp_path / "share"), f"{tmp_path}/share/{given}", tmp_path).endswith(wanted)


@pytest.mark.parametrize(
    "given",
    [
        "../loop.py", "/etc/passwd", "deep/../../loop.py", ".", "", "s3://bucket/a", "sqlite:///a.db", "a\0b",
        "postgresql://127.0.0.1/x", "link/secret.csv",
    ],
)  # fmt: skip
def test_no_other_places(tmp_path: Path, given: str) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "share" / "link").symlink_to(tmp_path / "outside")
    with pytest.raises(ForbiddenError):
        place_below("share", given, tmp_path)


def test_a_link_does_not_lead_a_glob_outside(tmp_path: Path) -> None:
    (tmp_path / "share").mkdir()
    (tmp_path / "secret.csv").write_text("a\n1\n")
    (tmp_path / "share" / "a.csv").symlink_to(tmp_path / "secret.csv")

    with pytest.raises(ForbiddenError):
        check_files("share", [tmp_path / "share" / "a.csv"], tmp_path)
    check_files("s3://bucket", [], tmp_path)


def test_nothing_is_allowed_unless_somebody_says_so(tmp_path: Path) -> None:
    with pytest.raises(ForbiddenError, match="may not name files"):
        place_below("", "in.csv", tmp_path)


def test_an_object_store_has_a_prefix(tmp_path: Path) -> None:
    assert place_below("s3://lake/jobs", "in/*.parquet", tmp_path) == "s3://lake/jobs/in/*.parquet"
    assert place_below("s3://lake/jobs/", "s3://lake/jobs/out/", tmp_path) == "s3://lake/jobs/out/"
    assert place_below("s3://lake/jobs", "day=1%2F2/a", tmp_path) == "s3://lake/jobs/day=1%2F2/a"
    for given in (
        "s3://lake/jobs-other/a", "s3://other/jobs/a", "../a", "s3://lake/jobs/../a", "/../a", "%2e%2e/a", "b/.%2E/a",
        "b%2f..%2f..%2fa", "..\\a", "s3://lake/jobs/%5c../a",
    ):  # fmt: skip
        with pytest.raises(ForbiddenError):
            place_below("s3://lake/jobs", given, tmp_path)

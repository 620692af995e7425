import os

import pytest

from loopwright.errors import UsageError
from loopwright.llm.retrieval.globs import found, matches


@pytest.mark.parametrize(
    ("name", "glob", "expected"),
    [
        ("docs/a.md", "docs/**/*.md", True),
        ("docs/x/y/a.md", "docs/**/*.md", True),
        ("docs/x/a.md", "docs/*.md", False),
        ("docsx/a.md", "docs/**/*.md", False),
        ("docs/a.md", "docs/**", True),
        ("docs/b.md", "docs/[ab].md", True),
        ("docs/b.md", "docs/[!ab].md", False),
        ("docs/amd", "docs/a.md", False),
    ],
)
def test_stars_cross_folders_only_in_twos(name, glob, expected):
    assert matches(name, glob) is expected


def test_a_glob_that_is_none_is_named():
    with pytest.raises(UsageError, match="no glob"):
        matches("a", "[z-a]")


def test_hidden_files_and_folders_are_left_out_and_named(tmp_path):
    for name in ("docs/a.md", "docs/.secret.md", "docs/.git/b.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    names, skipped = found(tmp_path, ["docs/**/*.md"])
    assert names == ["docs/a.md"]
    assert [(one.name, one.why) for one in skipped] == [("docs/.git", "hidden"), ("docs/.secret.md", "hidden")]


def test_links_out_of_the_project_pipes_and_loops_are_left_out_with_the_reason(tmp_path):
    project = tmp_path / "project"
    (project / "docs").mkdir(parents=True)
    (tmp_path / "outside.md").write_text("secret")
    (project / "docs/a.md").write_text("x")
    (project / "docs/out.md").symlink_to(tmp_path / "outside.md")
    (project / "docs/in.md").symlink_to(project / "docs/a.md")
    (project / "docs/loop.md").symlink_to(project / "docs/loop.md")
    (project / "docs/folder.md").symlink_to(tmp_path)
    os.mkfifo(project / "docs/pipe.md")
    names, skipped = found(project, ["docs/**/*.md"])
    why = {one.name: one.why for one in skipped}
    assert names == ["docs/a.md", "docs/in.md"]
    assert why["docs/out.md"] == why["docs/folder.md"] == "a link out of the project"
    assert why["docs/pipe.md"] == "not a regular file"
    assert "cannot be read" in why["docs/loop.md"]


def test_a_folder_means_every_file_below_it_and_a_file_itself(tmp_path):
    for name in ("docs/a.md", "docs/x/b.txt", "readme.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    assert found(tmp_path, ["docs", "readme.md"])[0] == ["docs/a.md", "docs/x/b.txt", "readme.md"]
    assert found(tmp_path, ["nothing/**"]) == ([], [])

"""Open segments are read once: only what was appended since, and never half a line."""

from loopwright.store.backends.open_rows import OpenRows


def rows_of(rows, folder):
    return sorted(at for frame in rows.frames(folder).values() for at in frame["at"].to_list())


def test_only_what_is_new_is_read_and_a_torn_line_waits_for_its_end(tmp_path):
    rows, file = OpenRows(), tmp_path / "seg_1.jsonl"
    file.write_bytes(b'{"at":1}\n{"at":2}\n{"at"')
    assert rows_of(rows, tmp_path) == [1, 2]
    with file.open("r+b") as before:  # what was read before is not read again: nobody would notice it change
        before.write(b'{"at":9}\n')
    with file.open("ab") as more:
        more.write(b":3}\n")
    assert rows_of(rows, tmp_path) == [1, 2, 3]


def test_a_segment_that_was_sealed_is_forgotten_and_a_new_one_is_found(tmp_path):
    rows = OpenRows()
    (tmp_path / "seg_1.jsonl").write_bytes(b'{"at":1}\n')
    assert rows_of(rows, tmp_path) == [1]
    (tmp_path / "seg_1.jsonl").unlink()
    (tmp_path / "seg_2.jsonl").write_bytes(b'{"at":2,"more":"x"}\n')
    assert rows_of(rows, tmp_path) == [2]


def test_rows_with_new_columns_join_the_old_ones(tmp_path):
    rows, file = OpenRows(), tmp_path / "seg_1.jsonl"
    file.write_bytes(b'{"at":1,"x":1}\n')
    rows.frames(tmp_path)
    with file.open("ab") as more:
        more.write(b'{"at":2,"x":2.5,"y":"a"}\n')
    (frame,) = rows.frames(tmp_path).values()
    assert frame.sort("at").to_dicts() == [{"at": 1, "x": 1.0, "y": None}, {"at": 2, "x": 2.5, "y": "a"}]


def test_a_folder_that_is_not_there_has_no_rows(tmp_path):
    assert OpenRows().frames(tmp_path / "none") == {}

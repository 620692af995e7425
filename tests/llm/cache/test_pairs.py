import json
from collections import Counter

import pytest

from loopwright.errors import SourceError
from loopwright.llm.cache.pairs import read_pairs


def test_the_shipped_pairs_are_many_of_both_sorts_and_none_twice():
    pairs = read_pairs()
    counts = Counter(pair.same for pair in pairs)
    assert counts[True] >= 120
    assert counts[False] >= 300, "fewer could not state a share of 1 %"
    assert len({frozenset((pair.one, pair.other)) for pair in pairs}) == len(pairs)
    assert all(pair.one.strip() and pair.other.strip() and pair.one != pair.other for pair in pairs)


def test_a_file_of_a_users_own_is_read(tmp_path):
    path = tmp_path / "pairs.jsonl"
    path.write_text(
        '{"one": "a", "other": "b", "same": true}\n\n{"one": "c", "other": "d", "same": false, "kind": "k"}\n'
    )
    assert [(pair.one, pair.same, pair.kind) for pair in read_pairs(path)] == [("a", True, "pair"), ("c", False, "k")]


@pytest.mark.parametrize("line", ["no JSON", '{"one": "a"}', json.dumps({"one": "a", "other": "b", "same": "yes"})])
def test_a_line_that_is_no_pair_is_named(tmp_path, line):
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"one": "a", "other": "b", "same": true}\n' + line)
    with pytest.raises(SourceError, match="line 2"):
        read_pairs(path)


@pytest.mark.parametrize("name", ["absent.jsonl", "binary.jsonl"])
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, name):
    (tmp_path / "binary.jsonl").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceError):
        read_pairs(tmp_path / name)

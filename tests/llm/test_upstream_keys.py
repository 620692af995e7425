"""Keys of upstreams, by reference."""

from pathlib import Path

import pytest

from loopwright.errors import UpstreamError
from loopwright.llm.upstream_keys import UpstreamKeys


def test_a_key_is_read_where_its_reference_says(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(" in-file \n")
    keys = UpstreamKeys({"NAME": "in-variable"}, tmp_path)
    assert [keys(""), keys("env:NAME"), keys("file:key"), keys(f"file:{tmp_path}/key")] == [
        "", "in-variable", "in-file", "in-file",
    ]  # fmt: skip


def test_a_rotated_file_is_read_again(tmp_path: Path) -> None:
    keys = UpstreamKeys({}, tmp_path)
    (tmp_path / "key").write_text("old")
    assert keys("file:key") == "old"
    (tmp_path / "key").write_text("newer")
    assert keys("file:key") == "newer"


@pytest.mark.parametrize("reference", ["env:GONE", "file:gone", "file:.", "odd"])
def test_a_missing_key_is_named_by_its_reference(tmp_path: Path, reference: str) -> None:
    with pytest.raises(UpstreamError, match=reference) as missing:
        UpstreamKeys({"OTHER": "secret-value"}, tmp_path)(reference)
    assert "secret-value" not in str(missing.value.as_dict())

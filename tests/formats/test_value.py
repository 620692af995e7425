"""Storing values: same value, same digest; damage is told, never returned."""

import datetime as dt
import math
import subprocess
import sys
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loopwright.core.codec import canonical
from loopwright.errors import BlobCorruptError, BlobMissingError, UnsupportedValueError
from loopwright.formats.value import extract_value, get_value, load_value, put_value, read_envelope, write_files
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.blobs import Blobs


class Custom:
    def __init__(self, value: int) -> None:
        self.value = value


@pytest.fixture
def blobs() -> Blobs:
    return MemoryBlobs()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values | st.tuples(json_values, st.binary(max_size=20)))
def test_same_value_has_same_digest(value: Any) -> None:
    blobs = MemoryBlobs()
    digest = put_value(blobs, value)
    assert put_value(MemoryBlobs(), get_value(blobs, digest)) == digest


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), ([], ()), ("1", 1), (None, "null"), (b"a", "a")])
def test_values_of_other_types_have_other_digests(blobs: Blobs, one: Any, other: Any) -> None:
    assert put_value(blobs, one) != put_value(blobs, other)


FRAME = pl.DataFrame(
    {
        "n": [1, None, 3],
        "x": [0.5, math.nan, None],
        "text": ["a", None, "é"],
        "at": pl.Series([dt.datetime(2013, 1, 1), None, dt.datetime(2013, 1, 2)], dtype=pl.Datetime("us")),
        "zoned": pl.Series([dt.datetime(2013, 1, 1)] * 3).dt.replace_time_zone("America/New_York"),
        "cat": pl.Series(["u", "v", "u"], dtype=pl.Categorical),
        "enum": pl.Series(["u", "v", "u"], dtype=pl.Enum(["v", "u"])),
        "list": [[1, 2], [], None],
        "struct": [{"a": 1}, {"a": None}, None],
        "tiny": pl.Series([1, 2, 3], dtype=pl.Int8),
        "nothing": [None, None, None],
    }
)


def test_unknown_type_is_refused_by_name_with_a_way_out(blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValueError, match=r"test_value\.Custom") as caught:
        put_value(blobs, [1, Custom(3)])
    assert "trust_pickle=True" in caught.value.fix


def test_missing_digest_is_told(blobs: Blobs) -> None:
    with pytest.raises(BlobMissingError):
        get_value(blobs, "0" * 64)


@pytest.mark.parametrize("bytes_", [b"", b"nonsense", b"\xff", b"[1]", b'{"format":3}', b'{"inline":{}}'])
def test_blob_that_is_no_value_is_corrupt(blobs: Blobs, bytes_: bytes) -> None:
    with pytest.raises(BlobCorruptError):
        get_value(blobs, blobs.put(bytes_))


@pytest.mark.parametrize("label", ["json/1", "numpy/1", "parquet/1", "container/1", "bytes/1"])
@pytest.mark.parametrize("inline", [{}, {"value.json": "!"}, {"value.json": "e30x", "array.npy": "AAAA"}])
def test_files_that_are_not_what_the_label_says_are_corrupt(blobs: Blobs, label: str, inline: dict[str, str]) -> None:
    with pytest.raises(BlobCorruptError):
        get_value(blobs, blobs.put(canonical({"format": label, "inline": inline})))


@pytest.mark.parametrize("label", ["json/2", "json", "json/x", "nosuch/1", ""])
def test_format_of_a_newer_installation_is_told(blobs: Blobs, label: str) -> None:
    with pytest.raises(UnsupportedValueError, match="cannot read"):
        get_value(blobs, blobs.put(canonical({"format": label, "inline": {}})))


def test_large_values_lie_in_a_tree_and_small_ones_in_one_blob(blobs: Blobs) -> None:
    small, large = put_value(blobs, 1), put_value(blobs, np.arange(5000))
    assert read_envelope(blobs, small).tree is None
    assert read_envelope(blobs, large).tree is not None
    assert get_value(blobs, large).tolist() == list(range(5000))


def test_extracted_value_needs_no_store(blobs: Blobs, tmp_path: Any) -> None:
    extract_value(blobs, put_value(blobs, (FRAME, np.arange(5000))), tmp_path / "part")
    frame, array = load_value(tmp_path / "part")
    assert frame.equals(FRAME)
    assert len(array) == 5000


def test_empty_folder_holds_no_value(tmp_path: Any) -> None:
    with pytest.raises(BlobCorruptError):
        load_value(tmp_path)


def test_paths_out_of_the_folder_are_refused(tmp_path: Any) -> None:
    with pytest.raises(BlobCorruptError, match="leads out"):
        write_files(tmp_path / "in", {"../out": b""})
    assert not (tmp_path / "out").exists()


CHILD = """
import sys, datetime
from loopwright.formats.catalogue import Catalogue
from loopwright.formats.value import put_value
heavy = {'polars', 'numpy', 'sklearn', 'skops', 'lightgbm', 'pandas'} & set(sys.modules)
Catalogue().encode({'a': [1, 2.5, None], 'b': b'x'})
heavy |= {'polars', 'numpy', 'sklearn'} & set(sys.modules)
import numpy as np, polars as pl
from loopwright.core.hashing import digest_value
frame = pl.DataFrame({'c': pl.Series(['u', 'v'] * 50, dtype=pl.Categorical), 'x': range(100)})
_, files = Catalogue().encode((frame, {'b': np.ones(3), 'a': {'k': 1}}))
print(sorted(heavy), digest_value({path: data.hex() for path, data in files.items()}))
"""


def test_no_library_is_imported_to_find_a_format_and_bytes_agree_across_processes() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", CHILD], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        )
        for seed in ("1", "2")
    ]
    assert runs[0].stdout.startswith("[] ")
    assert runs[0].stdout == runs[1].stdout

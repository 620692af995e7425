"""Storing values: same value, same digest; what comes back equals what went in; damage is told, never returned."""

import dataclasses
import datetime as dt
import math
import subprocess
import sys
from typing import Any, NamedTuple

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from loopwright.core.codec import canonical, plain
from loopwright.errors import BlobCorruptError, BlobMissingError, UnsupportedValueError, UntrustedFormatError
from loopwright.formats.catalogue import Catalogue
from loopwright.formats.value import extract_value, get_value, load_value, put_value, read_envelope, write_files
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.blobs import Blobs


class Point(NamedTuple):
    x: Any
    y: Any


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    table: pl.DataFrame
    note: str
    size: int = dataclasses.field(init=False, default=0)


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    values: np.ndarray


class Custom:
    def __init__(self, value: int) -> None:
        self.value = value


@pytest.fixture
def blobs() -> Blobs:
    return MemoryBlobs()


def round_trip(value: Any) -> Any:
    blobs = MemoryBlobs()
    return get_value(blobs, put_value(blobs, value))


def same(a: Any, b: Any) -> bool:
    """Equality that holds NaN equal to NaN and tells 1, 1.0 and True apart."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return (math.isnan(a) and math.isnan(b)) or (a == b and math.copysign(1, a) == math.copysign(1, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(alphabet=st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(json_values)
def test_json_values_come_back_with_their_exact_types(value: Any) -> None:
    assert same(round_trip(value), value)


@given(json_values | st.tuples(json_values, st.binary(max_size=20)))
def test_same_value_has_same_digest(value: Any) -> None:
    blobs = MemoryBlobs()
    digest = put_value(blobs, value)
    assert put_value(MemoryBlobs(), get_value(blobs, digest)) == digest


def test_order_of_keys_is_no_part_of_the_value(blobs: Blobs) -> None:
    assert put_value(blobs, {"a": 1, "b": [2]}) == put_value(blobs, {"b": [2], "a": 1})
    assert put_value(blobs, {"a": 1, "b": b"x"}) == put_value(blobs, {"b": b"x", "a": 1})


@pytest.mark.parametrize(("one", "other"), [(1, 1.0), (1, True), ([], ()), ("1", 1), (None, "null"), (b"a", "a")])
def test_values_of_other_types_have_other_digests(blobs: Blobs, one: Any, other: Any) -> None:
    assert put_value(blobs, one) != put_value(blobs, other)


dtypes = hnp.scalar_dtypes().filter(lambda dtype: dtype.char not in "gG") | hnp.array_dtypes(
    st.sampled_from([np.dtype("i1"), np.dtype("<f8"), np.dtype("U3"), np.dtype("M8[us]")])
)


@settings(max_examples=60)
@given(hnp.arrays(dtypes, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)))
def test_arrays_come_back_with_dtype_shape_and_bits(array: np.ndarray) -> None:
    back = round_trip(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert put_value(MemoryBlobs(), back) == put_value(MemoryBlobs(), array)
    if array.dtype.names is None:
        assert back.tobytes() == array.tobytes()


def test_layout_of_an_array_is_no_part_of_it(blobs: Blobs) -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert put_value(blobs, np.asfortranarray(array)) == put_value(blobs, array)
    assert put_value(blobs, np.arange(24.0)[::2].reshape(3, 4) / 2) == put_value(blobs, array)


def test_padding_of_a_structured_array_is_no_part_of_it(blobs: Blobs) -> None:
    dtype = np.dtype([("a", "i1"), ("b", "f8")], align=True)
    one, other = np.zeros(2, dtype), np.frombuffer(b"\xff" * 32, dtype).copy()
    other["a"], other["b"] = 0, 0
    assert one.tobytes() != other.tobytes()
    assert put_value(blobs, one) == put_value(blobs, other)


@pytest.mark.parametrize(
    "scalar", [np.float32(1.5), np.int64(3), np.bool_(True), np.datetime64("2020-01-01", "D"), np.str_("ab")]
)
def test_numpy_scalars_stay_scalars(scalar: Any) -> None:
    back = round_trip(scalar)
    assert type(back) is type(scalar)
    assert back == scalar


def test_arrays_of_objects_are_refused(blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValueError, match="dtype object"):
        put_value(blobs, np.array([{}, None]))


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


def test_tables_come_back_with_schema_and_rows() -> None:
    back = round_trip(FRAME)
    assert back.schema == FRAME.schema
    assert back.equals(FRAME)


@pytest.mark.parametrize("frame", [pl.DataFrame(), FRAME.clear(), FRAME.slice(1, 1)])
def test_small_and_empty_tables_come_back(frame: pl.DataFrame) -> None:
    back = round_trip(frame)
    assert back.schema == frame.schema
    assert back.equals(frame)


def test_series_come_back_with_their_name() -> None:
    series = pl.Series("late", [True, None, False])
    back = round_trip(series)
    assert back.name == "late"
    assert back.equals(series)


def test_chunks_and_slices_of_a_table_are_no_part_of_it(blobs: Blobs) -> None:
    whole = pl.DataFrame({"x": range(300_000), "t": ["a", "b", None] * 100_000})
    parts = pl.concat([whole[:7], whole[7:150_000], whole[150_000:]], rechunk=False)
    assert put_value(blobs, parts) == put_value(blobs, whole)
    assert put_value(blobs, whole.slice(5, 100)) == put_value(blobs, whole[5:105].clone())


def test_tables_of_objects_are_refused(blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValueError, match="'o'"):
        put_value(blobs, pl.DataFrame({"o": pl.Series([object()], dtype=pl.Object)}))


def test_containers_come_back_with_their_types() -> None:
    report = Report(table=FRAME, note="n")
    object.__setattr__(report, "size", 7)
    value = {"point": Point((1, 2), np.arange(3)), "list": [report, b"\0"], "set": Setting(name="s", values=np.ones(2))}
    back = round_trip(value)
    assert isinstance(back["point"], Point)
    assert back["point"].x == (1, 2)
    assert back["point"].y.tolist() == [0, 1, 2]
    assert back["list"][0].table.equals(FRAME)
    assert (back["list"][0].note, back["list"][0].size) == ("n", 7)
    assert back["list"][1] == b"\0"
    assert back["set"].values.tolist() == [1, 1]


def test_unknown_type_is_refused_by_name_with_a_way_out(blobs: Blobs) -> None:
    with pytest.raises(UnsupportedValueError, match=r"test_value\.Custom") as caught:
        put_value(blobs, [1, Custom(3)])
    assert "trust_pickle=True" in caught.value.fix


def test_class_within_a_function_is_refused(blobs: Blobs) -> None:
    @dataclasses.dataclass
    class Local:
        x: int

    with pytest.raises(UnsupportedValueError, match="inside a function"):
        put_value(blobs, Local(1))


def test_value_nested_in_itself_is_refused(blobs: Blobs) -> None:
    ring: list[Any] = []
    ring.append(ring)
    with pytest.raises(UnsupportedValueError, match="nested"):
        put_value(blobs, ring)


def test_pickle_needs_trust_on_both_sides(blobs: Blobs) -> None:
    digest = put_value(blobs, [complex(1, 2), 3], trust_pickle=True)
    with pytest.raises(UntrustedFormatError):
        get_value(blobs, digest)
    assert get_value(blobs, digest, trust_pickle=True) == [complex(1, 2), 3]


def test_trust_changes_nothing_for_values_with_a_format(blobs: Blobs) -> None:
    assert put_value(blobs, FRAME, trust_pickle=True) == put_value(blobs, FRAME)


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


def test_damaged_table_is_corrupt() -> None:
    label, files = Catalogue().encode(FRAME)
    for cut in (10, len(files["table.parquet"]) // 2):
        with pytest.raises(BlobCorruptError):
            Catalogue().decode(label, {"table.parquet": files["table.parquet"][:cut]})


@pytest.mark.parametrize("label", ["json/2", "json", "json/x", "nosuch/1", ""])
def test_format_of_a_newer_installation_is_told(blobs: Blobs, label: str) -> None:
    with pytest.raises(UnsupportedValueError, match="cannot read"):
        get_value(blobs, blobs.put(canonical({"format": label, "inline": {}})))


def test_stored_class_name_cannot_call_a_function(blobs: Blobs) -> None:
    digest = put_value(blobs, Point(1, 2))
    envelope = plain(blobs.get(digest))
    _, files = Catalogue().encode(Point(1, 2))
    index = plain(files["container.json"])
    for path in ("os:system", "builtins:print", "nosuchmodule:X", "subprocess:Popen"):
        files["container.json"] = canonical(index | {"of": path})
        with pytest.raises(UnsupportedValueError):
            Catalogue().decode(envelope["format"], files)


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

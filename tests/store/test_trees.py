import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loopwright.core.codec import canonical
from loopwright.errors import BlobCorruptError, BlobMissingError, UsageError
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.trees import TreeEntry, extract_tree, put_folder, put_tree, read_tree, tree_files

FILES = {"model.txt": b"tree", "code/train.py": b"print()", "code/deep/er.bin": b"\x00" * 10, "empty": b""}


@pytest.fixture
def blobs():
    return MemoryBlobs()


def test_files_come_back_by_path(blobs):
    assert tree_files(blobs, put_tree(blobs, FILES)) == FILES


def test_entries_are_sorted_and_say_size_and_digest(blobs):
    entries = read_tree(blobs, put_tree(blobs, FILES))
    assert [entry.path for entry in entries] == sorted(FILES)
    assert entries[-1] == TreeEntry(path="model.txt", size=4, digest=blobs.put(b"tree"))


_PARTS = st.lists(st.sampled_from(["a", "b", "ü", "x.y"]), min_size=1, max_size=3).map("/".join)


@settings(max_examples=40, deadline=None)
@given(files=st.dictionaries(_PARTS, st.binary(max_size=20), max_size=5), seed=st.randoms(use_true_random=False))
def test_a_tree_s_digest_is_that_of_its_content_in_any_order(files, seed, tmp_path_factory):
    names = list(files)
    if any(a != b and b.startswith(a + "/") for a in names for b in names):
        with pytest.raises(UsageError):
            put_tree(MemoryBlobs(), files)
        return
    seed.shuffle(names)
    blobs = MemoryBlobs()
    digest = put_tree(blobs, files)
    assert put_tree(MemoryBlobs(), {name: files[name] for name in names}) == digest
    folder = tmp_path_factory.mktemp("trees") / "out"
    extract_tree(blobs, digest, folder)
    assert put_folder(MemoryBlobs(), folder) == digest


def test_different_trees_have_different_digests(blobs):
    digests = {put_tree(blobs, files) for files in ({"a": b"1"}, {"a": b"2"}, {"b": b"1"}, {"a": b"1", "b": b""}, {})}
    assert len(digests) == 5


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../up", "", ".", "./a", "a//b", "a\\b", "a\0b", "a/"])
def test_a_path_that_could_leave_its_folder_is_refused(blobs, path):
    with pytest.raises(UsageError):
        put_tree(blobs, {path: b"x"})


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../up"])
def test_a_forged_tree_is_not_extracted(blobs, path, tmp_path):
    forged = blobs.put(canonical({"format": "tree/1", "entries": [[path, 1, blobs.put(b"x")]]}))
    with pytest.raises(BlobCorruptError):
        extract_tree(blobs, forged, tmp_path / "inner" / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content",
    [
        b"not json",
        b"[]",
        b'{"format":"tree/2","entries":[]}',
        b'{"format":"tree/1"}',
        b'{"format":"tree/1","entries":[1]}',
    ],
)
def test_what_is_no_tree_is_named(blobs, content):
    with pytest.raises(BlobCorruptError):
        read_tree(blobs, blobs.put(content))


def test_a_tree_with_a_lost_file_is_not_extracted_in_part(blobs, tmp_path):
    digest = put_tree(blobs, FILES)
    blobs.delete(blobs.put(b"print()"))
    with pytest.raises(BlobMissingError):
        extract_tree(blobs, digest, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_way_is_left_alone(blobs, tmp_path):
    digest = put_tree(blobs, FILES)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("kept")
    with pytest.raises(UsageError):
        extract_tree(blobs, digest, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]
    (tmp_path / "empty").mkdir()
    extract_tree(blobs, digest, tmp_path / "empty")
    assert (tmp_path / "empty" / "code" / "train.py").read_bytes() == b"print()"


def test_links_are_refused(blobs, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "link").symlink_to("/etc/passwd")
    with pytest.raises(UsageError):
        put_folder(blobs, tmp_path / "folder")
    with pytest.raises(UsageError):
        put_folder(blobs, tmp_path / "absent")

"""Adapters as they lie in bundles."""

import pytest
from tests.export.adapters import bundle_with, files

from loopwright.errors import NotFoundError, UsageError
from loopwright.export.adapter import adapter_of
from loopwright.store.backends.memory_blobs import MemoryBlobs


def test_an_adapter_is_read_with_its_files_rank_and_base_model() -> None:
    blobs = MemoryBlobs()
    version = bundle_with(blobs, files())
    found = adapter_of(blobs, "Page_finder", version)
    assert (found.rank, found.rank_allowed, found.trained_on, found.version) == (12, 16, "qwen3", version)
    assert found.files == files()
    assert found.served_name == "page-finder"


@pytest.mark.parametrize(("rank", "allowed"), [(1, 8), (8, 8), (9, 16), (64, 64), (300, 320), (1000, 1000)])
def test_the_rank_is_rounded_up_to_what_vllm_takes(rank: int, allowed: int) -> None:
    blobs = MemoryBlobs()
    assert adapter_of(blobs, "x", bundle_with(blobs, files(r=rank))).rank_allowed == allowed


def test_a_bundle_without_the_part_says_which_it_has() -> None:
    blobs = MemoryBlobs()
    with pytest.raises(NotFoundError, match="'adapter'") as refused:
        adapter_of(blobs, "x", bundle_with(blobs, None))
    assert refused.value.why == "its parts are application, numbers"


@pytest.mark.parametrize(
    ("made", "words"),
    [
        ({"adapter_config.json": b"{}"}, "adapter_model.safetensors"),
        (files() | {"adapter_config.json": b"{"}, "cannot be read"),
        (files(peft_type="IA3"), "IA3"),
    ],
)
def test_what_is_no_adapter_is_refused(made: dict[str, bytes], words: str) -> None:
    blobs = MemoryBlobs()
    with pytest.raises(UsageError) as refused:
        adapter_of(blobs, "x", bundle_with(blobs, made))
    assert words in f"{refused.value.what} {refused.value.why}"


def test_a_part_that_is_a_value_is_no_adapter() -> None:
    blobs = MemoryBlobs()
    with pytest.raises(UsageError, match="'numbers' is no adapter"):
        adapter_of(blobs, "x", bundle_with(blobs, files()), part="numbers")

"""Content is named by its BLAKE3 digest."""

from pathlib import Path

import pytest

from loopwright.core.hashing import digest_bytes, digest_file, digest_value, is_digest

EMPTY = "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"  # from the BLAKE3 test vectors


def test_the_digest_is_blake3() -> None:
    assert digest_bytes(b"") == EMPTY


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1])
def test_a_file_has_the_digest_of_its_bytes_across_pieces(size: int, tmp_path: Path) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    path = tmp_path / "file"
    path.write_bytes(data[:size])
    assert digest_file(path) == digest_bytes(data[:size])


def test_a_value_has_the_digest_of_its_canonical_text() -> None:
    assert digest_value({"b": 1, "a": 2}) == digest_bytes(b'{"a":2,"b":1}')


@pytest.mark.parametrize(
    ("text", "right"), [(EMPTY, True), (EMPTY.upper(), False), (EMPTY[:-1], False), ("", False), ("g" * 64, False)]
)
def test_the_form_of_a_digest(text: str, right: bool) -> None:
    assert is_digest(text) is right

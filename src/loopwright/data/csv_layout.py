"""The shape of a CSV file, checked byte by byte before anyone parses it: every row has as many fields as the header.

Parsers fill short rows with nulls in silence; a row that lost a field has shifted values, so it is refused here.
"""

import csv
import io
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from loopwright.errors import SourceError

_QUOTE, _NEWLINE, _RETURN = 34, 10, 13
_SEPARATORS = (",", ";", "\t", "|")
_OTHER_ENCODINGS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16", b"PK\x03\x04": "a zip archive", b"\x1f\x8b": "gzip"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLayout:
    """What the scan found.

    Attributes:
        header: Column names, any text.
        separator: One character.
        body: The bytes after the header row, ending with a newline; empty where there are no rows.
        lines: (n_rows,) the line of the file, counted from 1, on which each row starts.
    """

    header: tuple[str, ...]
    separator: str
    body: bytes
    lines: npt.NDArray[np.int64]


def scan(data: bytes, name: str) -> CsvLayout:
    """Check a CSV file's bytes.

    Args:
        data: The whole file.
        name: What errors call it.

    Raises:
        SourceError: Empty, not UTF-8, duplicate header names, a quote that is never closed, or a row with another
            number of fields than the header; the line is named.
    """
    text = _utf8(data, name).rstrip(b"\r\n \t") + b"\n"
    if text == b"\n":
        raise SourceError(f"{name} is empty", fix="Put rows in the file, or remove it.")
    array = np.frombuffer(text, dtype=np.uint8)
    outside, quoted = _outside_quotes(array)
    ends = np.flatnonzero((array == _NEWLINE) & outside)
    if quoted and (ends.size == 0 or ends[-1] != array.size - 1):
        raise SourceError(
            f"{name} has a quoted field that never ends",
            why=f"the file has {int((array == _QUOTE).sum())} quotes, an odd number",
            fix="Close the quote, or double a quote that is part of the text.",
        )
    first = text[: ends[0]].decode().rstrip("\r")
    separator = _separator(first)
    header = _header(first, separator, name)
    lines = _lines(array, ends, quoted)
    fields = _fields(array, outside, ends=ends, separator=separator)
    wrong = np.flatnonzero(fields != len(header))
    if wrong.size:
        at = int(wrong[0])
        blank = int(fields[at]) == 1 and text[ends[at - 1] + 1 : ends[at]].strip() == b""
        count = int(fields[at])
        found = "is blank" if blank else f"has {count} field{'' if count == 1 else 's'}"
        raise SourceError(
            f"{name}, line {int(lines[at])} {found} where the header has {len(header)}",
            why=f"{wrong.size} of {fields.size - 1} rows are ragged",
            fix="Correct that line; nothing was written.",
            file=name,
            line=int(lines[at]),
            fields=int(fields[at]),
            expected=len(header),
            ragged_rows=int(wrong.size),
        )
    return CsvLayout(header=header, separator=separator, body=text[ends[0] + 1 :], lines=lines[1:])


def _utf8(data: bytes, name: str) -> bytes:
    for mark, what in _OTHER_ENCODINGS.items():
        if data.startswith(mark):
            raise SourceError(f"{name} is {what}, not UTF-8 text", fix="Convert the file to UTF-8 CSV.")
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise SourceError(
            f"{name}, line {line} is not UTF-8",
            why=f"byte {data[error.start]:#04x} cannot stand there",
            fix="Convert the file, as `iconv -f WINDOWS-1252 -t UTF-8`.",
            file=name,
            line=line,
        ) from error
    if (at := data.find(b"\0")) >= 0:
        raise SourceError(
            f"{name}, line {data.count(bytes([_NEWLINE]), 0, at) + 1} has a NUL byte: this is not a CSV file"
        )
    if b"\r" in data and b"\n" not in data:
        data = data.replace(b"\r", b"\n")  # lines of the classic Mac
    return data


def _outside_quotes(array: npt.NDArray[np.uint8]) -> tuple[npt.NDArray[np.bool_], bool]:
    """Which bytes stand outside quotes. A doubled quote closes and opens again, so parity alone decides."""
    quotes = array == _QUOTE
    if not quotes.any():
        return np.ones(1, dtype=np.bool_), False
    return (np.cumsum(quotes, dtype=np.uint8) & 1) == 0, True


def _separator(first: str) -> str:
    bare = "".join(part for position, part in enumerate(first.split('"')) if position % 2 == 0)
    counts = [bare.count(separator) for separator in _SEPARATORS]
    return _SEPARATORS[int(np.argmax(counts))]


def _header(first: str, separator: str, name: str) -> tuple[str, ...]:
    header = tuple(next(csv.reader(io.StringIO(first, newline=""), delimiter=separator, strict=False)))
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise SourceError(
            f"{name} has the column {twice[0]!r} {header.count(twice[0])} times in its header",
            fix="Give each column a name of its own.",
            file=name,
            columns=twice,
        )
    return header


def _lines(array: npt.NDArray[np.uint8], ends: npt.NDArray[np.intp], quoted: bool) -> npt.NDArray[np.int64]:
    if not quoted:
        return np.arange(1, ends.size + 1, dtype=np.int64)
    newlines = np.flatnonzero(array == _NEWLINE)
    starts = np.concatenate([[0], ends[:-1] + 1])
    return np.searchsorted(newlines, starts).astype(np.int64) + 1


def _fields(
    array: npt.NDArray[np.uint8], outside: npt.NDArray[np.bool_], *, ends: npt.NDArray[np.intp], separator: str
) -> npt.NDArray[np.int64]:
    separators = np.flatnonzero((array == ord(separator)) & outside)
    return np.diff(np.searchsorted(separators, ends), prepend=0).astype(np.int64) + 1

"""Text as a terminal may show it: what came over the network, or as data, must not move its cursor."""

_CONTROLS = {
    code: f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}"
    for code in (*range(9), *range(11, 32), *range(127, 160), *range(0x202A, 0x202F), *range(0x2066, 0x206A))
}
"""C0, delete and C1, and the signs that turn the direction of writing; tab and newline are left out."""


def printable(text: str) -> str:
    """The text with control characters written out, as `\\x1b`; only tabs and ends of lines stay."""
    return text.translate(_CONTROLS)

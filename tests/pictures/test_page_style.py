"""The style sheet is whole, and its colours can be read in light and in dark."""

import re

import pytest

from loopwright.pictures.page_style import SHEET

_LIGHT, _DARK = re.findall(r":root\{(.*?)\}", SHEET, flags=re.DOTALL)[:2]


def colours(block: str) -> dict[str, str]:
    return {name: value for name, value in re.findall(r"--([\w-]+):(#[0-9a-f]+)", block)}


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    channels = [int(digits[index : index + 2], 16) / 255 for index in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """WCAG 2.2, 1.4.3: (lighter + 0.05) / (darker + 0.05)."""
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_colour_that_is_used_has_a_light_and_a_dark_value() -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", SHEET)) - {"depth"}
    assert used <= set(colours(_LIGHT))
    assert used <= set(colours(_DARK))


@pytest.mark.parametrize("block", [_LIGHT, _DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "soft", "good", "warn", "bad"])
def test_text_can_be_read(block: str, name: str) -> None:
    palette = colours(block)
    assert contrast(palette[name], palette["card"]) >= 4.5
    assert contrast(palette["soft"], palette["page"]) >= 4.5


@pytest.mark.parametrize("block", [_LIGHT, _DARK], ids=["light", "dark"])
@pytest.mark.parametrize("number", range(1, 9))
def test_a_series_stands_out_from_its_ground(block: str, number: int) -> None:
    palette = colours(block)
    assert contrast(palette[f"s{number}"], palette["card"]) >= 3.0


def test_braces_match() -> None:
    assert SHEET.count("{") == SHEET.count("}")

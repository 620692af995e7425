"""Small pictures of two distributions."""

import re

import pytest

from loopwright.errors import UsageError
from loopwright.pictures.histograms import BINS, histogram
from loopwright.pictures.sections import Histogram


def an_item(bins: int, *, ordered: bool = True, name: str = "distance_mi") -> Histogram:
    return Histogram(
        name=name,
        labels=tuple(f"b{i}" for i in range(bins)),
        reference=(1.0 / bins,) * bins,
        current=tuple(2.0 * (i + 1) / bins / (bins + 1) for i in range(bins)),
        ordered=ordered,
    )


def bars(drawn: str) -> list[float]:
    return [float(height) for height in re.findall(r'height="([\d.]+)" class="now"', drawn)]


def test_every_bin_is_a_bar_as_high_as_its_share() -> None:
    heights = bars(histogram(an_item(4)))
    assert len(heights) == 4
    assert heights == sorted(heights)
    assert heights[3] == pytest.approx(4 * heights[0], rel=0.02)


def test_many_bins_on_a_line_are_put_together_and_keep_the_whole() -> None:
    drawn = histogram(an_item(100))
    assert 2 < len(bars(drawn)) <= BINS
    shares = [float(share) for share in re.findall(r"b\d+: ([\d.]+) %, was", drawn)]
    assert sum(shares) == pytest.approx(100, abs=0.5)


def test_the_rarest_levels_become_one_bar() -> None:
    drawn = histogram(an_item(60, ordered=False))
    assert len(bars(drawn)) == BINS
    assert "others" in drawn
    assert "b59" in drawn


def test_a_name_from_outside_is_escaped() -> None:
    assert "<script" not in histogram(an_item(2, name="<script>alert(1)</script>"))


def test_no_bins_and_shares_that_are_no_numbers_draw_something() -> None:
    assert "othing to draw" in histogram(Histogram(name="x", labels=(), reference=(), current=()))
    odd = Histogram(name="x", labels=("a", "b"), reference=(float("nan"), 1.0), current=(0.0, float("inf")))
    assert "nan" not in histogram(odd)


def test_uneven_bins_are_refused() -> None:
    with pytest.raises(UsageError, match="uneven"):
        Histogram(name="x", labels=("a",), reference=(1.0, 0.0), current=(1.0,))

"""Small pictures of two distributions: bars of late, an outline of the reference. As inline SVG; see `charts`."""

import math
from collections.abc import Sequence

from loopwright.pictures import svg
from loopwright.pictures.charts import number_text
from loopwright.pictures.sections import Histogram

BINS = 16
"""Bins that are drawn; neighbours on a line are put together, the rarest levels become one bar."""
_WIDTH, _HEIGHT = 300.0, 104.0
_BASE, _TOP = 86.0, 6.0
_REST = "others"
_LETTERS = 11


def histogram(item: Histogram) -> str:
    """One picture. The same scale for both distributions, from zero to the highest bin."""
    labels, was, now = _folded(item)
    if not labels:
        return svg.picture(
            item.name, "Nothing to draw yet", (_WIDTH, 40.0), svg.text((_WIDTH / 2, 24.0), "nothing to draw yet")
        )
    most = max([*was, *now, 1e-12])
    width = _WIDTH / len(labels)
    gap = min(2.0, width / 5)
    bars = []
    for index, (label, before, after) in enumerate(zip(labels, was, now, strict=True)):
        height = (_BASE - _TOP) * after / most
        tip = f"{label}: {number_text(after, 'percent')}, was {number_text(before, 'percent')}"
        bars.append(
            svg.element(
                "rect", svg.element("title", svg.escape(tip)), x=index * width + gap, y=_BASE - height,
                width=width - 2 * gap, height=max(height, 0.5), class_="now",
            )
        )  # fmt: skip
    content = [*bars, _outline(was, most, width), svg.line((0.0, _BASE), (_WIDTH, _BASE), "axis")]
    content += _names(labels, width, ordered=item.ordered)
    moves = sorted(zip(labels, was, now, strict=True), key=lambda bin_: -abs(bin_[2] - bin_[1]))[:3]
    said = "; ".join(f"{label} {number_text(a, 'percent')}, was {number_text(b, 'percent')}" for label, b, a in moves)
    return svg.picture(item.name, f"Shares of rows. The bins that differ most: {said}", (_WIDTH, _HEIGHT), *content)


def _outline(shares: Sequence[float], most: float, width: float) -> str:
    points = [(0.0, _BASE)]
    for index, share in enumerate(shares):
        height = _BASE - (_BASE - _TOP) * share / most
        points += [(index * width, height), ((index + 1) * width, height)]
    return svg.path([*points, (_WIDTH, _BASE)], "was")


def _names(labels: Sequence[str], width: float, *, ordered: bool) -> list[str]:
    """Labels below the bins: the ends and the middle of a line, each level where there is room for its letters."""
    if ordered:
        middle = len(labels) // 2
        return [
            svg.text((0.0, _HEIGHT - 5), labels[0], "tick"),
            svg.text(((middle + 0.5) * width, _HEIGHT - 5), labels[middle] if len(labels) > 2 else "", "tick middle"),
            svg.text((_WIDTH, _HEIGHT - 5), labels[-1] if len(labels) > 1 else "", "tick end"),
        ]
    letters = max(2, min(_LETTERS, int(width / 6.5)))
    return [
        svg.text(((index + 0.5) * width, _HEIGHT - 5), label if len(label) <= letters else label[: letters - 1] + "…",
                 "tick middle")
        for index, label in enumerate(labels)
    ]  # fmt: skip


def _folded(item: Histogram) -> tuple[list[str], list[float], list[float]]:
    """At most `BINS` bins."""
    was, now = ([v if math.isfinite(v) and v > 0 else 0.0 for v in of] for of in (item.reference, item.current))
    labels = list(item.labels)
    if len(labels) <= BINS:
        return labels, was, now
    if item.ordered:
        step = math.ceil(len(labels) / BINS)
        starts = range(0, len(labels), step)
        return (
            [labels[start] for start in starts],
            [sum(was[start : start + step]) for start in starts],
            [sum(now[start : start + step]) for start in starts],
        )
    ranked = sorted(range(len(labels)), key=lambda index: -max(was[index], now[index]))
    kept, rest = sorted(ranked[: BINS - 1]), ranked[BINS - 1 :]
    return (
        [*(labels[index] for index in kept), _REST],
        [*(was[index] for index in kept), sum(was[index] for index in rest)],
        [*(now[index] for index in kept), sum(now[index] for index in rest)],
    )

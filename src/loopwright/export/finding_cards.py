"""What the report rule found of one column, as a small picture with its facts."""

from collections.abc import Iterator, Mapping
from typing import Any

from loopwright.monitoring.findings import ColumnFinding
from loopwright.pictures.charts import number_text
from loopwright.pictures.sections import Histogram, Tone

_STATES: Mapping[str, tuple[str, Tone]] = {
    "absent": ("is not there", "bad"),
    "all_missing": ("no values", "bad"),
    "became_constant": ("one value only", "warn"),
    "changed_type": ("another type", "bad"),
    "too_few": ("too few rows", "plain"),
}
_NAMES = {
    "place": "place", "spread": "spread", "levels": "levels", "new_levels": "new levels", "lost_levels": "lost levels",
    "missing": "missing", "psi": "PSI", "ks": "KS", "jensen_shannon": "Jensen–Shannon", "wasserstein": "Wasserstein",
}  # fmt: skip
_MIDDLE, _HIGHEST = 3, 6
"""Places of the median and of the 99 % quantile among the quantiles of a finding."""


def finding_card(finding: ColumnFinding) -> Histogram:
    """One column."""
    badge, tone = _STATES.get(finding.state, ("moved" if finding.moved else "", "warn" if finding.moved else "plain"))
    drawn = finding.histogram
    labels: tuple[str, ...] = ()
    if drawn is not None:
        labels = drawn.levels or ("below", *(f"{edge:.4g}" for edge in drawn.edges))
    return Histogram(
        name=finding.column,
        labels=labels[: len(drawn.reference)] if drawn else (),
        reference=drawn.reference if drawn else (),
        current=drawn.current if drawn else (),
        ordered=not (drawn and drawn.levels),
        badge=badge,
        tone=tone,
        facts=tuple(_facts(finding)),
    )


def effect_facts(effects: Any) -> Iterator[tuple[str, str]]:
    """Every statistic of a column: what it says, and how sure that is, where it was tested."""
    for effect in effects if isinstance(effects, list | tuple) else ():
        said = effect if isinstance(effect, Mapping) else {}
        if said.get("effect") is None or not said.get("said"):
            continue
        p_value = said.get("p_value")
        sure = f", p {p_value:.2g}" if isinstance(p_value, float) and said.get("moved") else ""
        name = str(said.get("statistic", ""))
        yield _NAMES.get(name, name.replace("_", " ")), f"{said['said']}{sure}"


def _facts(finding: ColumnFinding) -> Iterator[tuple[str, str]]:
    for name, place in (("median, was", _MIDDLE), ("99 % quantile, was", _HIGHEST)):
        if len(finding.quantiles) > place and len(finding.quantiles_reference) > place:
            yield name, f"{number_text(finding.quantiles[place])}, {number_text(finding.quantiles_reference[place])}"
    effects = ({"statistic": e.statistic, "effect": e.effect, "said": e.said, "p_value": e.p_value, "moved": e.moved}
               for e in finding.effects)  # fmt: skip
    yield from effect_facts(tuple(effects))
    if finding.new_levels:
        yield "new", ", ".join(finding.new_levels[:5])
    if finding.misfits:
        yield "of another type", f"{finding.misfits:,}"
    yield "rows, was", f"{finding.rows:,}, {finding.rows_reference:,}"

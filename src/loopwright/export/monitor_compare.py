"""The page about two tables: what differs in form, then what differs in kind, the strongest first."""

from collections.abc import Iterator

from loopwright.core.clock import Micros
from loopwright.core.verdict import Outcome
from loopwright.export.finding_cards import finding_card
from loopwright.monitoring.compare import Comparison
from loopwright.pictures.charts import number_text
from loopwright.pictures.sections import Figure, Figures, Grid, Histograms, Report, Section, Tone

CARDS = 60
_ROWS = 1_000
_PAIRS = 50
_TONES: dict[Outcome, Tone] = {Outcome.PASS: "good", Outcome.WARN: "warn", Outcome.UNKNOWN: "warn"}


def compare_page(comparison: Comparison, *, names: tuple[str, str], made_at: Micros | None = None) -> Report:
    """The page; `export.report.render` draws it.

    Args:
        comparison: Of two tables.
        names: What the reference and the current table are called.
        made_at: When.
    """
    return Report(
        title="Two tables compared",
        subtitle=f"{names[1]} against {names[0]}: {comparison.findings.reason}.",
        sections=(
            _figures(comparison),
            *_form(comparison),
            *_cards(comparison, names),
            *_pairs(comparison),
            _all_columns(comparison),
        ),
        made_at=made_at,
        source=f"{names[0]} and {names[1]}",
    )


def _figures(comparison: Comparison) -> Figures:
    findings = comparison.findings
    moved = [column for column in findings.columns if column.moved]
    changed = len(comparison.columns_missing) + len(comparison.columns_new) + len(comparison.type_changes)
    pairs = sum(pair.moved for pair in findings.pairs)
    return Figures(
        title="",
        items=(
            Figure(
                label="Says",
                value={Outcome.PASS: "alike", Outcome.WARN: "moved"}.get(findings.outcome, "unknown"),
                note=f"chance of a false word {number_text(findings.alpha, 'percent')}, "
                f"over {findings.questions:,} questions",
                tone=_TONES.get(findings.outcome, "plain"),
            ),
            Figure(
                label="Columns moved",
                value=f"{len(moved)} of {len(findings.columns)}",
                note=", ".join(column.column for column in moved[:3]) + (" …" if len(moved) > 3 else ""),
                tone="warn" if moved else "good",
            ),
            Figure(label="Pairs moved", value=f"{pairs} of {len(findings.pairs)}", tone="warn" if pairs else "good"),
            Figure(
                label="Columns",
                value="the same" if not changed else f"{changed} differ",
                note=f"{len(comparison.columns_missing)} missing, {len(comparison.columns_new)} new, "
                f"{len(comparison.type_changes)} of another type",
                tone="bad" if not comparison.same_schema else "good",
            ),
            Figure(
                label="Rows",
                value=f"{comparison.rows_current:,}",
                note=f"against {comparison.rows_reference:,}",
            ),
        ),
    )


def _form(comparison: Comparison) -> Iterator[Section]:
    rows: list[tuple[object, ...]] = [(name, "is missing", "") for name in comparison.columns_missing]
    rows += [(name, "is new", "") for name in comparison.columns_new]
    rows += [
        (change.column, "another number or text type" if change.same_kind else "another type",
         f"{change.reference} became {change.current}")
        for change in comparison.type_changes
    ]  # fmt: skip
    rows += [(name, "not compared", dtype) for name, dtype in comparison.not_compared.items()]
    if rows:
        yield Grid(title="Columns that differ in form", columns=("column", "what", "types"), rows=tuple(rows))


def _cards(comparison: Comparison, names: tuple[str, str]) -> Iterator[Section]:
    drawn = [column for column in comparison.findings.columns if column.histogram is not None][:CARDS]
    if drawn:
        yield Histograms(
            title="Columns",
            items=tuple(finding_card(column) for column in drawn),
            names=names,
            note="Those that moved first, then by the strength of their effect. Shares of the rows that have a value.",
        )


def _pairs(comparison: Comparison) -> Iterator[Section]:
    pairs = comparison.findings.pairs[:_PAIRS]
    if any(pair.moved for pair in pairs):
        yield Grid(
            title="Pairs of columns",
            columns=("first", "second", "correlation", "was", "p (Holm)"),
            right=("correlation", "was", "p (Holm)"),
            rows=tuple((p.first, p.second, p.correlation, p.correlation_reference, p.p_value_holm) for p in pairs),
            tones=tuple("warn" if pair.moved else "plain" for pair in pairs),
            note="How columns hang together, by signs about their medians."
            + ("" if comparison.findings.all_pairs else " Only the strongest thousand pairs were looked at."),
        )


def _all_columns(comparison: Comparison) -> Grid:
    columns = comparison.findings.columns
    more = f" The first {_ROWS:,} of {len(columns):,}." if len(columns) > _ROWS else ""
    return Grid(
        title="Every column",
        columns=("column", "kind", "says", "effect, in floors", "p (Holm)", "missing", "was"),
        right=("effect, in floors", "p (Holm)", "missing", "was"),
        rows=tuple(
            (
                column.column,
                column.kind,
                column.said or ("moved" if column.moved else "as before"),
                column.strength,
                column.p_value_holm,
                number_text(column.missing_share, "percent"),
                number_text(column.missing_share_reference, "percent"),
            )
            for column in columns[:_ROWS]
        ),
        tones=tuple("warn" if column.moved else "plain" for column in columns[:_ROWS]),
        note="A column is called moved when its effect is at the least that counts or above, and is no chance." + more,
    )

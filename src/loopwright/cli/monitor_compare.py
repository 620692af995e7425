"""`loopwright monitor compare`: two files, and no project."""

from pathlib import Path
from typing import Annotated

import typer

from loopwright.cli.render import Answer, line, table
from loopwright.core.clock import SystemClock
from loopwright.core.verdict import Outcome
from loopwright.data.reading import read_file
from loopwright.export.monitor_compare import compare_page
from loopwright.export.report import render
from loopwright.monitoring.compare import Comparison, compare

DRIFTED = 3
_SHOWN = 20


def compare_files(
    *,
    reference: Annotated[Path, typer.Argument(help="What was: a Parquet or CSV file.")],
    current: Annotated[Path, typer.Argument(help="What is.")],
    html: Annotated[Path | None, typer.Option(help="Write a page with pictures.")] = None,
    fail_on_drift: Annotated[
        bool, typer.Option("--fail-on-drift", help="Exit with 3 where anything moved or is missing, and 4 if unknown.")
    ] = False,
) -> Answer:
    """Compare two tables: columns, distributions, missing values, pairs."""
    found = compare(read_file(reference).frame, read_file(current).frame)
    if html is not None:
        page = compare_page(found, names=(reference.name, current.name), made_at=SystemClock().now())
        html.write_text(render(page), encoding="utf-8")
    return Answer(data=found, show=lambda: _show(found, html), exit_code=_exit_code(found) if fail_on_drift else 0)


def _exit_code(found: Comparison) -> int:
    if found.findings.outcome is Outcome.WARN or not found.same_schema:
        return DRIFTED
    return 0 if found.findings.outcome is Outcome.PASS else 4


def _show(found: Comparison, html: Path | None) -> None:
    line(f"{found.findings.reason} ({found.rows_current:,} rows against {found.rows_reference:,})")
    for name in found.columns_missing:
        line(f"  {name} is missing")
    for name in found.columns_new:
        line(f"  {name} is new")
    for change in found.type_changes:
        line(f"  {change.column}: {change.reference} became {change.current}")
    rows = [
        (column.column, "moved" if column.moved else "", column.said, column.strength, column.p_value_holm)
        for column in found.findings.columns[:_SHOWN]
    ]
    if rows:
        table(["column", "", "what", "effect, in floors", "p (Holm)"], rows, right=["effect, in floors", "p (Holm)"])
    if len(found.findings.columns) > _SHOWN:
        line(f"{len(found.findings.columns) - _SHOWN:,} more columns; --html or --json has them all")
    if html is not None:
        line(f"Wrote {html}")

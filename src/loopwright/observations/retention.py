"""How long rows of a table are kept: decided, shown, done."""

from collections.abc import Sequence

import msgspec

from loopwright.core.clock import Micros, iso, parse_duration
from loopwright.errors import SettingError
from loopwright.store.tables import SealedPart, Tables


class RetentionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Which sealed parts of a table are to go.

    Attributes:
        table: The table.
        before: Parts go whose every row is older.
        parts: Their ids.
        rows: How many rows they have.
        kept_rows: How many sealed rows stay.
    """

    table: str
    before: Micros
    parts: tuple[str, ...]
    rows: int
    kept_rows: int


def parse_retention(text: str) -> Micros | None:
    """Read the setting `request_log_retention`; None: rows are kept for ever.

    Raises:
        SettingError: It is no duration.
    """
    if not text:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise SettingError(f"request_log_retention is {text!r}", why=str(error)) from error


def plan_retention(table: str, parts: Sequence[SealedPart], *, before: Micros) -> RetentionPlan:
    """Choose the parts that hold nothing younger. Pure. Rows that are not sealed yet, or share a part with younger
    ones, stay until those are old too."""
    gone = [part for part in parts if part.last_at < before]
    rows = sum(part.rows for part in gone)
    return RetentionPlan(
        table=table,
        before=before,
        parts=tuple(part.id for part in gone),
        rows=rows,
        kept_rows=sum(part.rows for part in parts) - rows,
    )


def explain(plan: RetentionPlan) -> str:
    """What the plan does, in one sentence."""
    before = iso(plan.before)[:19]
    if not plan.parts:
        return f"no rows of {plan.table} are wholly older than {before}; {plan.kept_rows} sealed rows stay"
    return f"{plan.rows} rows of {plan.table} from before {before} go; {plan.kept_rows} sealed rows stay"


def apply_retention(tables: Tables, plan: RetentionPlan) -> int:
    """Remove what the plan names, and what an earlier removal that was killed has left; returns how many rows.

    Raises:
        StoreBusyError, NoSpaceError, NoPermissionError: What was not removed goes with the next plan.
    """
    return tables.drop(plan.table, plan.parts)

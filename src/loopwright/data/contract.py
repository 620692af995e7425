"""A dataset's contract: a pandera.polars model, asked for every broken rule at once.

pandera takes more than a second to import, so it is imported when the first contract is checked; a loop file that
declares one has imported it already.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import polars as pl

from loopwright.core.schema import Column, Kind
from loopwright.data.failure import FIRST, Failure, summary
from loopwright.errors import ContractError, LoopFileError, MissingColumnError

_LOWER = {"greater_than": True, "greater_than_or_equal_to": False}
_UPPER = {"less_than": True, "less_than_or_equal_to": False}


def expected_types(contract: Any) -> dict[str, pl.DataType]:
    """The types that the contract states, by column; empty where there is no contract."""
    if contract is None:
        return {}
    return {
        name: _instance(column.dtype.type)
        for name, column in _schema(contract).columns.items()
        if column.dtype is not None and not column.regex
    }


def required_columns(contract: Any) -> tuple[str, ...]:
    """The columns that must be there."""
    if contract is None:
        return ()
    return tuple(name for name, column in _schema(contract).columns.items() if column.required and not column.regex)


def check(frame: pl.DataFrame, contract: Any) -> tuple[Failure, ...]:
    """Every rule of the contract that the frame breaks.

    Args:
        frame: (n_rows, n_columns), of any types.
        contract: A pandera.polars model or schema; None has no rules.

    Returns:
        One failure per column and rule, with the number of rows and the first rows' positions; empty where all hold. A
        rule of the user's own that raises is a broken rule.
    """
    if contract is None:
        return ()
    from pandera.config import ValidationDepth, config_context
    from pandera.errors import SchemaError, SchemaErrors

    schema = _schema(contract)
    try:
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            schema.validate(frame, lazy=True)
    except SchemaErrors as errors:
        return _failures(errors.schema_errors, frame)
    except SchemaError as error:
        return _failures([error], frame)
    return ()


def refuse(failures: Sequence[Failure], *, dataset: str) -> None:
    """Raise the error that names every failure; return where there is none.

    Raises:
        MissingColumnError: All that is wrong is that columns are missing.
        ContractError: Anything else.
    """
    if not failures:
        return
    missing = [failure.column for failure in failures if failure.rule == "column missing"]
    facts = [{**failure.counted(), "places": list(failure.places)} for failure in failures]
    if len(missing) == len(failures):
        names = ", ".join(repr(name) for name in missing)
        raise MissingColumnError(
            f"dataset {dataset!r} lacks the column{'' if len(missing) == 1 else 's'} {names}",
            why="the declaration or its contract names it",
            dataset=dataset,
            columns=missing,
            failures=facts,
        )
    raise ContractError(
        f"dataset {dataset!r} breaks its contract in {len(failures)} way{'' if len(failures) == 1 else 's'}",
        why=summary(failures),
        dataset=dataset,
        failures=facts,
    )


def columns(contract: Any, frame: pl.DataFrame) -> tuple[Column, ...]:
    """What a caller may send, column by column in the frame's order: for the model's door.

    Kinds come from the frame, nullability, bounds and levels from the contract (`nullable`, `gt`, `ge`, `lt`, `le`,
    `in_range`, `isin`, `eq`). A column of which the contract says nothing may be null.
    """
    rules = {} if contract is None else _schema(contract).columns
    return tuple(_column(series, _rule(rules, series.name)) for series in frame)


def _schema(contract: Any) -> Any:
    try:
        return contract.to_schema() if hasattr(contract, "to_schema") else contract
    except Exception as error:  # the user's own class, built by pandera: whatever it raises is told
        raise LoopFileError(
            f"the contract {getattr(contract, '__name__', contract)!r} is not a pandera.polars model",
            why=f"{type(error).__name__}: {error}",
            fix="Correct the class; see pandera's DataFrameModel for polars.",
        ) from error


def _failures(errors: Iterable[Any], frame: pl.DataFrame) -> tuple[Failure, ...]:
    found: dict[tuple[str, str], Failure] = {}
    for error in errors:
        failure = _failure(error, frame)
        found.setdefault((failure.column, failure.rule), failure)
    return tuple(found.values())


def _failure(error: Any, frame: pl.DataFrame) -> Failure:
    reason = error.reason_code.name
    column = str(getattr(error.schema, "name", "") or "")
    whole_table = not hasattr(error.schema, "nullable")
    if reason == "COLUMN_NOT_IN_DATAFRAME":
        return Failure(column=str(error.failure_cases), rule="column missing")
    if reason == "COLUMN_NOT_IN_SCHEMA":
        return Failure(column=str(error.failure_cases), rule="column not in the contract")
    if reason == "WRONG_DATATYPE":
        return Failure(column=column, rule=f"type {error.schema.dtype.type}, found {frame.schema.get(column)}")
    rule = {"SERIES_CONTAINS_NULLS": "not null", "SERIES_CONTAINS_DUPLICATES": "unique"}.get(reason) or _rule_text(
        error
    )
    broken = _broken(error, frame, column if not whole_table else "")
    return Failure(
        column="" if whole_table else column, rule=rule, rows=len(broken), positions=tuple(broken.head(FIRST).to_list())
    )


def _rule_text(error: Any) -> str:
    check_of = error.check
    if error.reason_code.name == "CHECK_ERROR":
        return f"{getattr(check_of, 'name', check_of)} could not be evaluated: {error.failure_cases}"
    return str(getattr(check_of, "error", None) or getattr(check_of, "name", None) or check_of)


def _broken(error: Any, frame: pl.DataFrame, column: str) -> pl.Series:
    """The positions of the rows that broke the rule; empty where pandera does not say."""
    reason = error.reason_code.name
    if reason == "SERIES_CONTAINS_NULLS" and column in frame.columns:
        return frame[column].is_null().arg_true()
    if reason == "SERIES_CONTAINS_DUPLICATES" and column in frame.columns:
        return frame[column].is_duplicated().arg_true()
    if reason == "DUPLICATES" and getattr(error.schema, "unique", None):
        return frame.select(error.schema.unique).is_duplicated().arg_true()
    output = getattr(error, "check_output", None)
    if isinstance(output, pl.LazyFrame):
        output = output.collect()
    if isinstance(output, pl.DataFrame) and output.height == frame.height:
        held = output["check_output"] if "check_output" in output.columns else output.to_series(-1)
        return (~held.fill_null(value=True)).arg_true()
    return pl.Series([], dtype=pl.UInt32)


def _rule(rules: Mapping[str, Any], name: str) -> Any:
    if name in rules:
        return rules[name]
    patterns = [rule for rule in rules.values() if rule.regex]
    return next((rule for rule in patterns if pl.Series([name]).str.contains(f"^(?:{rule.name})$").item()), None)


def _column(series: pl.Series, rule: Any) -> Column:
    kind = _kind(series.dtype)
    if rule is None:
        return Column(name=series.name, kind=kind, nullable=True)
    facts: dict[str, Any] = {"nullable": bool(rule.nullable)}
    for one in rule.checks:
        facts |= _facts(one.name, one.statistics or {}, kind)
    if facts.get("categories") is not None:
        kind = "category"
    return Column(name=series.name, kind=kind, **facts)


def _facts(name: str, figures: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """What one check says in the terms of `Column`; nothing where it cannot be said there."""
    if name in ("isin", "equal_to"):
        return _levels(list(figures.get("allowed_values", [figures.get("value")])), kind)
    if kind not in ("int", "float"):
        return {}
    if name in _LOWER:
        return {"minimum": float(figures["min_value"]), "exclusive_minimum": _LOWER[name]}
    if name in _UPPER:
        return {"maximum": float(figures["max_value"]), "exclusive_maximum": _UPPER[name]}
    if name == "in_range":
        return {
            "minimum": float(figures["min_value"]),
            "exclusive_minimum": not figures.get("include_min", True),
            "maximum": float(figures["max_value"]),
            "exclusive_maximum": not figures.get("include_max", True),
        }
    return {}


def _levels(allowed: list[Any], kind: Kind) -> dict[str, Any]:
    if kind in ("string", "category"):
        return {"categories": tuple(str(level) for level in allowed), "closed": True}
    if kind in ("int", "float") and allowed:
        return {"minimum": float(min(allowed)), "maximum": float(max(allowed))}
    return {}


def _kind(dtype: pl.DataType) -> Kind:
    if dtype == pl.Boolean:
        return "bool"
    if dtype.is_integer():
        return "int"
    if dtype.is_numeric():
        return "float"
    if dtype.is_temporal():
        return "datetime"
    return "category" if dtype.base_type() in (pl.Categorical, pl.Enum) else "string"


def _instance(dtype: Any) -> pl.DataType:
    """pandera keeps some types as classes, some as instances."""
    made = dtype() if isinstance(dtype, type) else dtype
    return made if isinstance(made, pl.DataType) else pl.Object()

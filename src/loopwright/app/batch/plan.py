"""Settling a batch: the version, the files, what is kept, how features are joined. Nothing is scored here."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from loopwright.app.batch.answers import check_kept
from loopwright.app.batch.asked import Asked, AsOf, BatchPlan
from loopwright.app.batch.database import checked_table, is_database, sqlite_file, without_password
from loopwright.app.batch.files import InputFile, columns_of, digest_of_inputs, format_of, input_files, is_remote
from loopwright.app.batch.named_version import named_version
from loopwright.app.versions import manifest_of, views_of
from loopwright.app.workspace import Workspace
from loopwright.core.codec import plain, to_json
from loopwright.core.hashing import Digest, digest_value
from loopwright.core.schema import Signature
from loopwright.errors import MissingColumnError, SourceError, UsageError
from loopwright.serving.door import Policy

LEAST_PART_ROWS = 1_000
EVERYTHING = ("*",)


def plan_batch(workspace: Workspace, asked: Asked, base: Path) -> BatchPlan:
    """Settle what is asked; reads the ledger and the input's columns, and writes nothing.

    Args:
        workspace: The project's workspace.
        asked: What is wanted.
        base: What relative addresses are relative to.

    Raises:
        NotFoundError: There is no such version.
        SourceError: The input cannot be read, or has no rows.
        MissingColumnError: It lacks a column that the contract demands, or one to keep.
        UsageError: What is asked does not fit together.
    """
    _check(asked)
    name, version = named_version(workspace, asked.model)
    manifest = manifest_of(workspace, version)
    signature = manifest.signature
    from_database = is_database(asked.input)
    files = () if from_database else input_files(asked.input, base)
    if not from_database and not sum(file.rows for file in files):
        raise SourceError(f"{asked.input} has no rows", fix="Put rows in it, or name other files.")
    settled = msgspec.structs.replace(
        asked,
        model=f"{name}@{version}",
        input=_absolute(asked.input, base),
        output=_absolute(asked.output, base),
        overwrite=False,
    )
    draft = BatchPlan(
        id="",
        asked=settled,
        name=name,
        version=version,
        as_of=asked.as_of or "event",
        policy=asked.policy or _policy(workspace),
        keep=(),
        files=files,
        inputs=digest_of_inputs(files) if files else "",
        planned_at=workspace.clock.now(),
    )
    made = draft if from_database else fitted(draft, signature, joined=bool(views_of(workspace, manifest)))
    return msgspec.structs.replace(made, id=batch_id(key_of(made), 1))


def fitted(plan: BatchPlan, signature: Signature, *, joined: bool) -> BatchPlan:
    """The plan with what depends on the input's columns: what is kept, and how features are joined.

    Args:
        plan: With its files.
        signature: The version's.
        joined: Whether it has feature views.

    Raises:
        MissingColumnError, UsageError: The input does not fit the version or what is asked.
    """
    columns = [columns_of(file) for file in plan.files]
    known = None if any(names is None for names in columns) else [names for names in columns if names is not None]
    if known is not None:
        _require(plan.files, known, signature, keep=plan.asked.keep)
    keep = _keep(plan.asked.keep, signature, known)
    check_kept(keep, signature)
    dated = signature.event_time is not None and (known is None or all(signature.event_time in n for n in known))
    chosen: AsOf = "event" if dated or not joined else "now"
    return msgspec.structs.replace(plan, keep=keep, as_of=plan.asked.as_of or chosen)


def key_of(plan: BatchPlan) -> Digest:
    """What makes two batches the same: the version, the input's content, what is asked. Passwords are no part of it."""
    asked = msgspec.structs.replace(
        plan.asked, input=shown_address(plan.asked.input), output=shown_address(plan.asked.output)
    )
    return digest_value(
        [plan.version, plain(to_json(asked)), plan.policy, plan.inputs if not is_database(plan.asked.input) else ""]
    )


def batch_id(key: Digest, attempt: int) -> str:
    """The id of the n-th time that a batch is made anew."""
    return f"bat_{digest_value([key, attempt])[:32]}"


def repeats(plan: BatchPlan) -> bool:
    """Whether doing the batch again could only give the same: not where a table or the present is asked."""
    return not is_database(plan.asked.input) and plan.as_of == "event"


def shown_address(address: str) -> str:
    """The address without a password."""
    return without_password(address) if is_database(address) else address


def _policy(workspace: Workspace) -> Policy:
    return "flag" if workspace.settings.text("door_policy") == "flag" else "refuse"


def _check(asked: Asked) -> None:
    if asked.part_rows < LEAST_PART_ROWS:
        raise UsageError(f"a part of {asked.part_rows} rows is too small", why=f"at least {LEAST_PART_ROWS:,}")
    if is_database(asked.input) != (asked.query is not None):
        raise UsageError(
            "a database needs a query, and only a database takes one", fix='Add --query "SELECT …", or leave it out.'
        )
    if is_database(asked.output):
        checked_table(asked.table)
    elif asked.table is not None:
        raise UsageError("--table is for a database", why=f"{asked.output} is none")


def _absolute(address: str, base: Path) -> str:
    if address.startswith("sqlite:"):
        return f"sqlite:///{(base / sqlite_file(address).expanduser()).absolute()}"
    if is_remote(address) or is_database(address):
        return address
    ending = "/" if address.endswith("/") else ""
    return str((base / Path(address).expanduser()).absolute()) + ending


def is_single_file(output: str) -> bool:
    """Whether an output is one file: its suffix says a format."""
    return not output.endswith("/") and format_of(output) is not None


def _require(
    files: Sequence[InputFile], columns: Sequence[Sequence[str]], signature: Signature, *, keep: Sequence[str] | None
) -> None:
    features = {column.name for column in signature.features}
    needed = [column.name for column in signature.request if not column.nullable or column.name in features]
    wanted = () if keep is None or tuple(keep) == EVERYTHING else keep
    for file, names in zip(files, columns, strict=True):
        missing = [name for name in (*needed, *wanted) if name not in names]
        if missing:
            raise MissingColumnError(
                f"{file.path} has no column {missing[0]!r}",
                why=f"the version needs it; the file has {', '.join(names)}"
                if missing[0] in needed
                else f"it was to be kept; the file has {', '.join(names)}",
            )


def _keep(
    asked: Sequence[str] | None, signature: Signature, columns: Sequence[Sequence[str]] | None
) -> tuple[str, ...]:
    if asked is None:
        own = signature.key
        return (own,) if own and (columns is None or all(own in names for names in columns)) else ()
    if tuple(asked) == EVERYTHING:
        if columns is None:
            raise UsageError("`*` does not say which columns NDJSON has", fix="Name the columns to keep.")
        return tuple(dict.fromkeys(name for names in columns for name in names))
    return tuple(dict.fromkeys(asked))

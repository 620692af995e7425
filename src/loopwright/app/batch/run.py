"""Scoring a batch: parts are read ahead, scored, and written behind; what a kill leaves unfinished is done again."""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from loopwright.app.batch.answers import Given
from loopwright.app.batch.asked import Asked, BatchPlan, BatchResult, PartDone
from loopwright.app.batch.database import is_database
from loopwright.app.batch.files import columns_of, digest_of_inputs, frames_of, unchanged
from loopwright.app.batch.joined import joined_features
from loopwright.app.batch.outputs import clear_output, open_sink, still_there
from loopwright.app.batch.plan import batch_id, fitted, key_of, plan_batch, repeats, shown_address
from loopwright.app.batch.scorer import Prepared, ScoredPart, Scorer
from loopwright.app.batch.sink import Sink
from loopwright.app.batch.staging import staged
from loopwright.app.versions import manifest_of, views_of
from loopwright.app.workspace import Workspace
from loopwright.core.codec import from_json, to_json
from loopwright.core.events import EventDraft
from loopwright.errors import ConflictError, SourceError
from loopwright.pipelines.runners.spawned import core_count
from loopwright.registry.version import ref_name
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model
from loopwright.store.ledger import Record

KIND = "batch"
STATE_FILE = "batch.json"
OnRows = Callable[[int, int], None]
"""Told of rows done and rows in all."""


class _State(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of a batch between two runs: how often it was made anew, and its plan."""

    attempt: int
    plan: BatchPlan


def score_batch(
    workspace: Workspace,
    asked: Asked,
    *,
    base: Path,
    threads: int | None = None,
    on_rows: OnRows | None = None,
    caused_by: tuple[int, ...] = (),
) -> BatchResult:
    """Score a whole table. Run again after a kill it goes on where it was; run again after its end it does nothing.

    Args:
        workspace: The project's workspace.
        asked: What is wanted.
        base: What relative addresses are relative to.
        threads: CPU threads of the model; all cores where None.
        on_rows: Told of progress.
        caused_by: Events that led to it.

    Raises:
        ConflictError: Another process works on the same batch.
        SourceError: Input or output cannot be read or written, or the input changed meanwhile.
        LoopwrightError: As `plan_batch` and the model say.
    """
    started = workspace.machine.monotonic()
    wanted = plan_batch(workspace, asked, base)
    folder = workspace.home / "batches" / key_of(wanted)[:32]
    with _alone(folder):
        earlier = _read(folder)
        finished = _finished(workspace, earlier)
        if finished is not None and not asked.overwrite and _stands(earlier):
            return finished
        state = earlier
        if state is None or finished is not None:
            state = _begun(wanted, folder, earlier=earlier, overwrite=asked.overwrite)
        plan = _with_input(workspace, state, folder)
        result = _scored(workspace, plan, folder, threads=threads or core_count(), on_rows=on_rows or _silent)
        result = msgspec.structs.replace(result, seconds=round(workspace.machine.monotonic() - started, 3))
        _record(workspace, result, caused_by)
        _clean(folder, plan)
        return result


def _stands(state: _State | None) -> bool:
    """Whether a finished batch is as good as a new one."""
    return state is not None and repeats(state.plan) and still_there(state.plan)


def _begun(wanted: BatchPlan, folder: Path, *, earlier: _State | None, overwrite: bool) -> _State:
    """A batch that begins: room is made at its output, and its state is kept."""
    attempt = 1 if earlier is None else earlier.attempt + 1
    plan = msgspec.structs.replace(wanted, id=batch_id(key_of(wanted), attempt))
    sink = open_sink(plan, folder)
    try:
        clear_output(plan, sink, earlier=earlier.plan.id if earlier else None, overwrite=overwrite)
    finally:
        sink.close()
    if earlier is not None:
        _clean(folder, earlier.plan)
    state = _State(attempt=attempt, plan=plan)
    _write(folder, state)
    return state


def _with_input(workspace: Workspace, state: _State, folder: Path) -> BatchPlan:
    """The plan with its files; those of a database are read first, once."""
    plan = state.plan
    if plan.files or not is_database(plan.asked.input):
        return plan
    manifest = manifest_of(workspace, plan.version)
    files = staged(
        plan.asked.input,
        plan.asked.query or "",
        folder / f"{plan.id}.input",
        signature=manifest.signature,
        rows=plan.asked.part_rows,
    )
    plan = msgspec.structs.replace(plan, files=files, inputs=digest_of_inputs(files))
    plan = fitted(plan, manifest.signature, joined=bool(views_of(workspace, manifest)))
    _write(folder, _State(attempt=state.attempt, plan=plan))
    return plan


def _scored(workspace: Workspace, plan: BatchPlan, folder: Path, *, threads: int, on_rows: OnRows) -> BatchResult:
    manifest = manifest_of(workspace, plan.version)
    model = Model.load(bundle_folder(workspace.stores.blobs, plan.version, workspace.home / "run"), threads=threads)
    views = views_of(workspace, manifest)
    joined = joined_features(
        workspace, manifest.signature, views, as_of=plan.as_of, known_at=plan.planned_at
    )  # fmt: skip
    scorer = Scorer(model, joined, policy=plan.policy, keep=plan.keep)
    sink = open_sink(plan, folder)
    try:
        before = sink.done()
        done = [*before, *_parts_scored(plan, scorer, sink, done=before, on_rows=on_rows)]
        changed = [file.path for file in plan.files if not unchanged(file)]
        if changed:
            raise SourceError(f"{changed[0]} changed while it was scored", fix="Run again with --overwrite.")
        sink.finish()
        return BatchResult(
            id=plan.id,
            model=plan.name,
            version=plan.version,
            inputs=plan.inputs,
            input=shown_address(plan.asked.input),
            output=shown_address(plan.asked.output) + (f" table {plan.asked.table}" if plan.asked.table else ""),
            rejects=sink.rejects_at(),
            rows=plan.rows,
            scored=sum(part.scored for part in done),
            refused=sum(part.refused for part in done),
            flagged=sum(part.flagged for part in done),
            parts=len(done),
            resumed=len(before),
            output_digest=sink.digest(),
        )
    finally:
        sink.close()


def _parts_scored(
    plan: BatchPlan, scorer: Scorer, sink: Sink, *, done: tuple[PartDone, ...], on_rows: OnRows
) -> list[PartDone]:
    """Score what is not done yet: while one part is with the model, the next is read and the last is written."""
    finished: list[PartDone] = []
    rows = sum(part.scored + part.refused for part in done)
    on_rows(rows, plan.rows)
    coming = _prepared(plan, scorer, skip=len(done))
    writing: Future[ScoredPart] | None = None
    with ThreadPoolExecutor(1) as reader, ThreadPoolExecutor(1) as writer:
        ahead = reader.submit(next, coming, None)
        while (part := ahead.result()) is not None:
            ahead = reader.submit(next, coming, None)
            outputs = scorer.outputs(part)
            if writing is not None:
                finished.append(writing.result().done)
            writing = writer.submit(_written, scorer, sink, part, outputs=outputs)
            rows += part.given.rows.height
            on_rows(rows, plan.rows)
        if writing is not None:
            finished.append(writing.result().done)
    return finished


def _written(scorer: Scorer, sink: Sink, part: Prepared, *, outputs: dict) -> ScoredPart:  # type: ignore[type-arg]
    made = scorer.scored(part, outputs)
    sink.write(made.done, made.answers, made.rejects)
    return made


def _prepared(plan: BatchPlan, scorer: Scorer, *, skip: int) -> Iterator[Prepared]:
    """The parts from number `skip` on, ready for the model."""
    parts = plan.parts()[skip:]
    request = {column.name for column in scorer.signature.request}
    for number, file in enumerate(plan.files):
        own = [part for part in parts if part.file == number]
        if not own:
            continue
        names = columns_of(file)
        columns = None if names is None else [n for n in names if n in request or n in plan.keep] or names[:1]
        frames = frames_of(file, columns, start=own[0].start, rows=plan.asked.part_rows)
        read = 0
        for part, rows in zip(own, frames, strict=False):
            if rows.height != part.rows:
                raise SourceError(f"{file.path} changed while it was scored", fix="Run again with --overwrite.")
            yield scorer.prepare(part.index, Given(rows=rows, source=file.path, start=part.start), file.format)
            read += 1
        if read != len(own):
            raise SourceError(f"{file.path} changed while it was scored", fix="Run again with --overwrite.")


def _finished(workspace: Workspace, state: _State | None) -> BatchResult | None:
    known = workspace.stores.ledger.record(KIND, state.plan.id) if state else None
    return msgspec.structs.replace(msgspec.convert(known.data, BatchResult), again=True) if known else None


def _record(workspace: Workspace, result: BatchResult, caused_by: tuple[int, ...]) -> None:
    """What a batch did, for `trace`: the version's registration is among its causes."""
    ledger = workspace.stores.ledger
    moves = ledger.history(ref_name(result.model, "latest", workspace.namespace))
    made = [move.seq for move in moves if move.target == result.version and move.seq]
    said = ["version", "model", "inputs", "rows", "scored", "refused", "output", "output_digest"]
    said += ["flagged"] if result.flagged else []
    draft = EventDraft(
        kind="batch_scored",
        subject=f"batch:{result.id}",
        data={name: getattr(result, name) for name in said},
        caused_by=tuple(sorted({*caused_by, *made[:1]})),
        actor=workspace.actor,
        namespace=workspace.namespace,
        logical_at=workspace.clock.now(),
    )
    record = Record(
        kind=KIND,
        id=result.id,
        data=msgspec.to_builtins(result),
        facets={"model": result.model, "version": result.version, "output": result.output},
        at=workspace.clock.now(),
    )
    ledger.commit(records=[record], events=[draft])


def _clean(folder: Path, plan: BatchPlan) -> None:
    """Take away what only the work needed; the state stays, so that the same wish is known again."""
    for name in (plan.id, f"{plan.id}.input", f".{plan.id}.input"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / f"{plan.id}.parts").unlink(missing_ok=True)


def _read(folder: Path) -> _State | None:
    try:
        return from_json((folder / STATE_FILE).read_bytes(), _State)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _write(folder: Path, state: _State) -> None:
    draft = folder / f".{STATE_FILE}.new"
    draft.write_bytes(to_json(state))
    draft.replace(folder / STATE_FILE)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(
                "this batch is being scored already", why="another process has begun it", fix="Wait until it has ended."
            ) from error
        yield


def _silent(done: int, whole: int) -> None:
    """Nobody is told."""

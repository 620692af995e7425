"""What is asked of a batch, what one part of it came to, and what the whole did."""

from typing import Literal

import msgspec

from loopwright.app.batch.files import InputFile
from loopwright.core.clock import Micros
from loopwright.core.hashing import Digest
from loopwright.serving.door import Policy

AsOf = Literal["event", "now"]
PART_ROWS = 100_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A batch, as a person or a loop file asks for it.

    Attributes:
        input: A file, a glob, a folder, a URL in an object store, or a database (`postgresql://…`, `sqlite:///…`).
        output: A file, a folder, a URL in an object store, or a database.
        model: NAME@ALIAS, NAME@DIGEST or NAME; the home's only model where empty.
        query: What is read of a database.
        table: Where in a database answers go.
        keep: Input columns that are written beside each answer; the key's where None, all where `*`.
        policy: What is done with a row outside the contract; as the setting `door_policy` says where None.
        as_of: `event` joins features as history knows them at each row's event time, `now` as the online store knows
            them; where None, `event` if the rows have one.
        part_rows: Rows in one part: what is held in memory, and what a kill can cost.
        overwrite: Replace what is at `output`, and score again what was scored to its end.
    """

    input: str
    output: str
    model: str = ""
    query: str | None = None
    table: str | None = None
    keep: tuple[str, ...] | None = None
    policy: Policy | None = None
    as_of: AsOf | None = None
    part_rows: int = PART_ROWS
    overwrite: bool = False


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Rows that are read, scored and written together: `rows` rows of file number `file` from row `start` on."""

    index: int
    file: int
    start: int
    rows: int


class PartDone(msgspec.Struct, frozen=True, kw_only=True):
    """What a finished part came to: `scored` and `refused` add up to its rows; `flagged` are among those scored."""

    index: int
    scored: int
    refused: int = 0
    flagged: int = 0


class BatchPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A batch that is settled: which version, which rows, where to.

    Attributes:
        id: The batch's; the same for the same plan.
        asked: What was asked, with addresses made absolute.
        name: The model.
        version: The bundle's digest.
        as_of: How features are joined.
        policy: What is done with a row outside the contract.
        keep: Input columns that are written beside each answer.
        files: The input; empty while a database has not been read yet.
        inputs: Digest of all input content; empty as long.
        planned_at: The workspace's time: what features may know, and the event time of a row without one.
    """

    id: str
    asked: Asked
    name: str
    version: Digest
    as_of: AsOf
    policy: Policy
    keep: tuple[str, ...]
    files: tuple[InputFile, ...]
    inputs: Digest
    planned_at: Micros

    @property
    def rows(self) -> int:
        """All input rows."""
        return sum(file.rows for file in self.files)

    def parts(self) -> tuple[Part, ...]:
        """Every part in order; none crosses from one file into the next."""
        made: list[Part] = []
        for number, file in enumerate(self.files):
            for start in range(0, file.rows, self.asked.part_rows):
                rows = min(self.asked.part_rows, file.rows - start)
                made.append(Part(index=len(made), file=number, start=start, rows=rows))
        return tuple(made)


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch did. `rows` = `scored` + `refused`.

    Attributes:
        id: The batch's, for `loopwright trace batch:ID`.
        model: The model's name.
        version: The bundle's digest.
        inputs: Digest of all input content.
        input: Where rows came from.
        output: Where answers are.
        rejects: Where refused rows are, with field and rule; None where none was refused.
        rows: Input rows.
        scored: Rows with an answer.
        refused: Rows outside the contract.
        flagged: Rows outside the contract that were scored all the same, by policy.
        parts: How many.
        resumed: Parts that an earlier run had finished.
        again: Whether everything was done before this run.
        seconds: What this run took.
        output_digest: Of the content, where the output is one file here.
    """

    id: str
    model: str
    version: Digest
    inputs: Digest
    input: str
    output: str
    rejects: str | None
    rows: int
    scored: int
    refused: int
    flagged: int
    parts: int
    resumed: int = 0
    again: bool = False
    seconds: float = 0.0
    output_digest: Digest | None = None

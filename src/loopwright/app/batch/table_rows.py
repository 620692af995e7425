"""What batches in every database have in common: the table that says which parts are kept, and quoted names."""

from loopwright.app.batch.asked import PartDone

PARTS = "loopwright_batch_parts"
BATCH = "batch"
"""The column of answers and rejects that says which batch wrote a row."""
PART_COLUMNS = "batch, part, scored, refused, flagged"


def quoted(table: str) -> str:
    """A checked name, as SQL takes it whatever its letters."""
    return ".".join(f'"{part}"' for part in table.split("."))


def quoted_column(name: str) -> str:
    """Any column's name, as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


def parts_of(rows: list[tuple[int, int, int, int]]) -> tuple[PartDone, ...]:
    """Rows (part, scored, refused, flagged) as parts."""
    return tuple(PartDone(index=i, scored=s, refused=r, flagged=f) for i, s, r, f in rows)

"""Names as SQL takes them."""

from loopwright.app.batch.asked import PartDone
from loopwright.app.batch.table_rows import parts_of, quoted, quoted_column


def test_names_are_quoted() -> None:
    assert quoted("mart.scores") == '"mart"."scores"'
    assert quoted_column('a "b"; drop') == '"a ""b""; drop"'


def test_rows_become_parts() -> None:
    assert parts_of([(0, 5, 1, 2)]) == (PartDone(index=0, scored=5, refused=1, flagged=2),)

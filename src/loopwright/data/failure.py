"""One broken rule of a landing: which column, which rule, how many rows, and where the first of them are."""

from collections.abc import Callable, Sequence

import msgspec

FIRST = 5
"""How many places a failure names."""


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that rows broke.

    Attributes:
        column: The column, or "" where the rule concerns the whole table.
        rule: The rule in words, as `greater_than(0)`, `not null`, `type Int64`, `column missing`.
        rows: How many rows broke it; 0 where the rule concerns the column itself.
        positions: The first rows' positions, counted from 0, in the frame that was checked.
        places: The first rows as text: file, line and key.
    """

    column: str
    rule: str
    rows: int = 0
    positions: tuple[int, ...] = ()
    places: tuple[str, ...] = ()

    def placed(self, place: Callable[[int], str]) -> "Failure":
        """The same failure with its positions told as places; without positions it keeps the places it has."""
        return Failure(
            column=self.column,
            rule=self.rule,
            rows=self.rows,
            positions=self.positions,
            places=tuple(place(position) for position in self.positions) or self.places,
        )

    def sentence(self) -> str:
        """As `distance_mi: greater_than(0) broken by 2 rows (data/f.csv:14, data/f.csv:92)`."""
        rows = f" broken by {self.rows} row{'' if self.rows == 1 else 's'}" if self.rows else ""
        where = f" ({', '.join(self.places)}{', …' if self.rows > len(self.places) else ''})" if self.places else ""
        return f"{self.column or 'table'!s}: {self.rule}{rows}{where}"

    def counted(self) -> dict[str, object]:
        """What the journal keeps: column, rule and count, no row content."""
        return {"column": self.column, "rule": self.rule, "rows": self.rows}


def summary(failures: Sequence[Failure]) -> str:
    """Every failure, one a line."""
    return "\n".join(failure.sentence() for failure in failures)

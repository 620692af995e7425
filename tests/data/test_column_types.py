import polars as pl

from loopwright.data.column_types import schema_of, types_in, types_of


def test_types_come_back_from_their_names() -> None:
    types = {
        "a": pl.Int16(),
        "b": pl.String(),
        "c": pl.Datetime("ms", "Europe/Berlin"),
        "d": pl.Datetime("us"),
        "e": pl.Boolean(),
        "f": pl.Float32(),
        "g": pl.Date(),
        "h": pl.Null(),
    }
    assert types_in(schema_of(pl.DataFrame(schema=types))) == types
    assert types_in([("n", "List(Int64)")]) == {}
    assert types_of(None) == {}

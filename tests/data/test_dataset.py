import pandera.polars as pa
import pytest

from loopwright.core.clock import SECOND
from loopwright.data.dataset import Dataset
from loopwright.errors import UsageError


class Row(pa.DataFrameModel):
    y: int


def test_a_declaration_keeps_what_it_was_given() -> None:
    flights = Dataset("flights", source="data/*.parquet", contract=Row, key="id", event_time="at", fresh_within="2d")
    assert flights.patterns == ("data/*.parquet",)
    assert flights.key == "id"
    assert flights.fresh_within_us() == 2 * 86_400 * SECOND


def test_a_source_may_be_a_list() -> None:
    assert Dataset("a", source=["x.csv", "y.csv"]).patterns == ("x.csv", "y.csv")


def test_a_declaration_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Dataset("a", source="x.csv").name = "b"  # type: ignore[misc]


@pytest.mark.parametrize("name", ["", "a/b", "a@b", "a b", "../a", "a\n", ".a", 7])
def test_a_name_that_cannot_be_in_a_ref_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="not a name"):
        Dataset(name, source="x.csv")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"source": 7}, "source"),
        ({"source": [""]}, "source"),
        ({"source": "x.csv", "key": ["a", "b"]}, "key must name one column"),
        ({"source": "x.csv", "event_time": "_known_at"}, "_known_at"),
        ({"source": "x.csv", "fresh_within": "soon"}, "fresh_within"),
        ({"source": "x.csv", "contract": object()}, "not a pandera model"),
    ],
)
def test_a_wrong_argument_is_named_at_once(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Dataset("a", **arguments)  # type: ignore[arg-type]

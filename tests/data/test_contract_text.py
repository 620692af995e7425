import csv
import io

import pandera.polars as pa
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from loopwright.data.contract import check, expected_types
from loopwright.data.contract_text import ContractColumn, contract_text, is_plain, type_text
from loopwright.data.csv_layout import scan

HOSTILE = [
    "it's",
    'say "hi"',
    "two\nlines",
    "__import__('os').system('touch /tmp/owned')",
    "naïve ☃",
    "a,b",
    "{{ x }}",
    "{% raw %}",
    "<script>",
    "class",
    "None",
    "int",
    "pa",
    "pl",
    "validate",
    "_private",
    "__class__",
    "column_1",
    "ﬁ",
    "match",
    "x=1",
    "#",
    "'''",
    '"""',
    "\\",
    "\\n",
    "\r",
    "\t",
    " ",
    "lw",
    "Config",
    "1st",
    "to_json",
    "x: int = 1\n    y",
]


def build(source: str) -> type[pa.DataFrameModel]:
    scope: dict[str, object] = {"pa": pa, "pl": pl}
    exec(source, scope)
    model = scope["Row"]
    assert isinstance(model, type)
    return model


def test_hostile_names_make_a_model_that_checks_exactly_those_columns() -> None:
    source = contract_text("Row", [ContractColumn(name=name, dtype=pl.Int64()) for name in HOSTILE])
    model = build(source)
    frame = pl.DataFrame({name: [1, 2] for name in HOSTILE})
    assert check(frame, model) == ()
    assert set(expected_types(model)) == set(HOSTILE)
    assert {f.column for f in check(frame.drop(HOSTILE[3]), model)} == {HOSTILE[3]}


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=5, unique=True))
def test_any_header_is_a_literal(names: list[str]) -> None:
    model = build(contract_text("Row", [ContractColumn(name=name, dtype=pl.String(), nullable=True) for name in names]))
    assert set(expected_types(model)) == set(names)


@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
        min_size=2,
        max_size=5,
        unique=True,
    )
)
def test_any_header_survives_the_csv_file(names: list[str]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([names, ["1"] * len(names)])
    assert scan(text.getvalue().encode(), "f").header == tuple(names)


def test_rules_are_written_and_hold() -> None:
    columns = [
        ContractColumn(name="id", dtype=pl.String(), unique=True),
        ContractColumn(name="y", dtype=pl.String(), nullable=True, levels=("it's", "b")),
        ContractColumn(name="x", dtype=pl.Float32(), nullable=True),
    ]
    model = build(contract_text("Row", columns))
    good = pl.DataFrame({"id": ["a", "b"], "y": ["it's", None], "x": [1.0, None]})
    assert check(good, model) == ()
    bad = pl.DataFrame({"id": ["a", "a"], "y": ["c", "b"], "x": [1.0, 2.0]})
    assert {(f.column, f.rows) for f in check(bad, model)} == {("id", 2), ("y", 1)}


def test_nothing_of_pandera_s_model_is_a_plain_name() -> None:
    taken = [name for name in dir(pa.DataFrameModel) if is_plain(name)]
    assert taken == []
    assert is_plain("distance_mi")


def test_the_empty_name_is_left_out() -> None:
    assert build(contract_text("Row", [ContractColumn(name="", dtype=pl.Int64())])).to_schema().columns == {}


def test_types_have_an_annotation_or_none() -> None:
    types = [pl.Int8(), pl.Float32(), pl.Boolean(), pl.String(), pl.Datetime("us"), pl.Date(), pl.List(pl.Int64())]
    assert [type_text(dtype) for dtype in types] == ["int", "float", "bool", "str", "pl.Datetime", "pl.Date", None]

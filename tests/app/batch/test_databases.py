"""Rows of a query are scored once each, into a table too, however often the work is killed and begun again."""

import itertools
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from tests.app.conftest import Project, rows

from loopwright.app.batch.asked import Asked, BatchResult, PartDone
from loopwright.app.batch.database import checked_table, open_database, sqlite_file, without_password
from loopwright.app.batch.run import score_batch
from loopwright.app.batch.sqlite import SqliteDatabase
from loopwright.errors import SourceError, UsageError

SERVER = "postgresql://postgres@127.0.0.1:5432/test"
SCHEMA = f"loopwright_batch_{os.getpid()}"


@pytest.fixture
def postgres() -> Iterator[str]:
    """A real server with a schema of its own."""
    psycopg = pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    try:
        connection = psycopg.connect(SERVER, autocommit=True, connect_timeout=2)
    except psycopg.Error as error:
        pytest.skip(f"no PostgreSQL at {SERVER}: {error}")
    connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    connection.execute(f"CREATE SCHEMA {SCHEMA}")
    try:
        yield f"{SERVER}?options=-csearch_path%3D{SCHEMA}"
    finally:
        connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        connection.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database with the table `given` of 2,500 rows."""
    frame = rows(2_500).with_columns(note=pl.lit('it\'s; "quoted"\t\\N'))
    if request.param == "sqlite":
        with sqlite3.connect(tmp_path / "data.db") as connection:
            connection.execute("CREATE TABLE given (id INTEGER, x REAL, n INTEGER, y BOOLEAN, note TEXT)")
            connection.executemany("INSERT INTO given VALUES (?, ?, ?, ?, ?)", frame.iter_rows())
        return f"sqlite:///{tmp_path}/data.db"
    address: str = request.getfixturevalue("postgres")
    import psycopg

    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE given (id BIGINT, x DOUBLE PRECISION, n NUMERIC, y BOOLEAN, note TEXT)")
        with connection.cursor() as cursor, cursor.copy("COPY given FROM STDIN") as copy:
            for row in frame.iter_rows():
                copy.write_row(row)
    return address


def all_of(address: str, query: str) -> pl.DataFrame:
    opened = open_database(address)
    try:
        found = list(opened.frames(query, 100_000))
        return pl.concat(found) if found else pl.DataFrame()
    finally:
        opened.close()


def scored(project: Project, given: str, output: str, **asked: Any) -> BatchResult:
    wished = Asked(input=given, output=output, **({"part_rows": 1000} | asked))
    return score_batch(project.workspace(), wished, base=project.folder)


def test_a_query_becomes_a_table(project: Project, database: str) -> None:
    query = "SELECT * FROM given ORDER BY id"
    done = scored(project, database, database, query=query, table="scores", keep=("id", "note"))

    found = all_of(database, "SELECT * FROM scores ORDER BY id")
    assert (done.rows, done.scored, done.parts) == (2_500, 2_500, 3)
    assert found["id"].to_list() == [*range(2_500)]
    assert set(found["note"]) == {'it\'s; "quoted"\t\\N'}
    assert set(found["batch"]) == {done.id}
    assert set(found["model_version"]) == {done.version}

    rows(2_500).write_parquet(project.folder / "in.parquet")
    scored(project, "in.parquet", "out.parquet")
    of_files = pl.read_parquet(project.folder / "out.parquet")
    assert found["score"].to_list() == of_files["score"].to_list()
    assert found["prediction"].cast(pl.Boolean).to_list() == of_files["prediction"].to_list()


def test_refused_rows_have_a_table_of_their_own(project: Project, database: str) -> None:
    frame = rows(1_500).with_columns(x=pl.when(pl.col("id") == 1_200).then(float("inf")).otherwise("x"))
    frame.write_parquet(project.folder / "in.parquet")

    done = scored(project, "in.parquet", database, table="scores")

    refused = all_of(database, "SELECT id, field, rule FROM scores_rejects")
    assert (done.scored, done.refused) == (1_499, 1)
    assert refused.rows() == [("1200", "x", "type")]
    assert done.rejects is not None
    assert done.rejects.endswith("table scores_rejects")


@pytest.mark.parametrize("when", [0, 1, 2])
def test_a_part_and_its_rows_are_one_transaction(
    project: Project, database: str, monkeypatch: pytest.MonkeyPatch, when: int
) -> None:
    rows(2_500).write_parquet(project.folder / "in.parquet")
    opened = open_database(database)
    calls = itertools.count()
    append = type(opened)._append  # type: ignore[attr-defined]
    opened.close()

    def interrupted(self: Any, table: str, frame: pl.DataFrame) -> None:
        append(self, table, frame)
        if next(calls) == when:
            raise KeyboardInterrupt

    monkeypatch.setattr(type(opened), "_append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        scored(project, "in.parquet", database, table="scores")

    done = scored(project, "in.parquet", database, table="scores")

    assert (done.resumed, done.parts) == (when, 3)
    assert all_of(database, "SELECT id FROM scores ORDER BY id")["id"].to_list() == [*range(2_500)]


def test_a_query_is_read_once_and_asked_again_by_the_next_batch(project: Project, database: str) -> None:
    asked: dict[str, Any] = {"query": "SELECT * FROM given WHERE id < 1100", "table": "scores"}
    first = scored(project, database, database, **asked)
    second = scored(project, database, database, **asked)

    assert (first.again, second.again) == (False, False)
    assert first.id != second.id
    assert all_of(database, "SELECT count(*) AS n FROM scores")["n"].to_list() == [2_200]

    third = scored(project, database, database, **asked, overwrite=True)

    found = all_of(database, "SELECT batch, count(*) AS n FROM scores GROUP BY batch")
    assert dict(found.rows()) == {first.id: 1_100, third.id: 1_100}


def test_what_the_database_refuses_is_said(project: Project, database: str) -> None:
    with pytest.raises(SourceError, match="refused"):
        scored(project, database, "out.parquet", query="SELECT * FROM nowhere")
    with pytest.raises(SourceError, match="no rows"):
        scored(project, database, "out.parquet", query="SELECT * FROM given WHERE id < 0")
    with pytest.raises(UsageError, match="table"):
        scored(project, database, database, query="SELECT 1", table="a; DROP TABLE given")
    with pytest.raises(UsageError, match="query"):
        scored(project, database, "out.parquet")


def test_an_address_is_written_down_without_its_password() -> None:
    assert without_password("postgresql://me:secret@db:5432/x?sslmode=require") == "postgresql://me@db:5432/x"
    assert without_password("sqlite:////a/b.db") == "sqlite:////a/b.db"
    for password in ("se/cret", "se@cret", "se?cret", "se%zzcret", "se#cret"):
        assert without_password(f"postgresql://me:{password}@db/x?password=secret") == "postgresql://me@db/x"
    assert without_password("postgresql://me:secret@[::1/x") == "postgresql://me@[::1/x"


@pytest.mark.parametrize("address", ["postgresql://me:secret@[::1/x", "postgresql://me:secret%zz@db/x"])
def test_an_address_that_is_none_is_refused_without_its_password(address: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(SourceError) as refused:
        open_database(address)
    assert "secret" not in str(refused.value.as_dict())
    assert sqlite_file("sqlite:///data/b.db") == Path("data/b.db")
    assert sqlite_file("sqlite:////data/b.db") == Path("/data/b.db")
    assert checked_table("mart.scores") == "mart.scores"
    for wrong in ("sqlite://data.db", "sqlite:///"):
        with pytest.raises(UsageError):
            sqlite_file(wrong)


def test_parts_are_those_of_the_batch_asked_for(tmp_path: Path) -> None:
    opened = SqliteDatabase(tmp_path / "d.db")
    for batch, index in (("bat_1", 0), ("bat_2", 0), ("bat_1", 1)):
        opened.write(batch, PartDone(index=index, scored=1), {"t": pl.DataFrame({"a": [1]})})

    assert [part.index for part in opened.done("bat_1")] == [0, 1]
    opened.remove("bat_1", ("t", "never"))
    assert opened.done("bat_1") == ()
    assert [frame.height for frame in opened.frames("SELECT * FROM t", 10)] == [1]
    opened.close()

"""PostgreSQL where it cannot be reached, or its driver is not there."""

import builtins
from typing import Any

import pytest

from loopwright.app.batch.postgres import PostgresDatabase
from loopwright.errors import MissingExtraError, SourceError


def test_a_server_that_cannot_be_reached_is_said() -> None:
    pytest.importorskip("psycopg", reason="the PostgreSQL driver is not installed")
    with pytest.raises(SourceError, match="PostgreSQL"):
        PostgresDatabase("postgresql://nobody@127.0.0.1:1/none")


def test_a_driver_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name == "psycopg":
            raise ImportError(name)
        return plain(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match="driver") as caught:
        PostgresDatabase("postgresql://127.0.0.1/none")
    assert "loopwright[postgres]" in caught.value.fix

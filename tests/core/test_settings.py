"""Explicit beats environment beats project file beats user file beats default; errors say where a value was found."""

from pathlib import Path

import pytest

from loopwright.core import settings
from loopwright.core.settings import SETTINGS, Setting, resolve
from loopwright.errors import SettingError


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "loopwright.toml", tmp_path / "user.toml"


def test_each_place_beats_the_next(files: tuple[Path, Path]) -> None:
    project, user = files
    places: list[tuple[dict[str, object], dict[str, str]]] = [
        ({"port": 5}, {"LOOPWRIGHT_PORT": "4"}),
        ({}, {"LOOPWRIGHT_PORT": "4"}),
    ]
    project.write_text("port = 3\n")
    user.write_text("port = 2\n")
    assert [resolve(given, env, project, user_file=user).whole("port") for given, env in places] == [5, 4]
    assert resolve({}, {}, project, user_file=user).whole("port") == 3
    project.unlink()
    assert resolve({}, {}, project, user_file=user).whole("port") == 2
    user.unlink()
    found = resolve({"port": None}, {}, project, user_file=user)
    assert (found.whole("port"), found.origins["port"]) == (8700, "default")


@pytest.mark.parametrize(("text", "truth"), [("1", True), ("Yes", True), ("off", False), ("FALSE", False)])
def test_a_flag_reads_the_usual_words(text: str, truth: bool, files: tuple[Path, Path]) -> None:
    assert (
        resolve({}, {"LOOPWRIGHT_REQUEST_LOG_FDATASYNC": text}, files[0], user_file=files[1]).flag(
            "request_log_fdatasync"
        )
        is truth
    )


@pytest.mark.parametrize(
    ("name", "text"), [("port", "many"), ("request_timeout_s", "soon"), ("request_log_fdatasync", "maybe")]
)
def test_a_value_of_the_wrong_type_names_where_it_was_found(name: str, text: str, files: tuple[Path, Path]) -> None:
    with pytest.raises(SettingError, match=name) as caught:
        resolve({}, {"LOOPWRIGHT_" + name.upper(): text}, files[0], user_file=files[1])
    assert "environment" in caught.value.why
    assert caught.value.context["looked_in"]


def test_an_unknown_name_in_a_file_is_refused_with_the_known_ones(files: tuple[Path, Path]) -> None:
    files[0].write_text("prot = 3\n")
    with pytest.raises(SettingError, match="prot") as caught:
        resolve({}, {}, files[0], user_file=files[1])
    assert "port" in caught.value.why


def test_a_broken_file_is_named(files: tuple[Path, Path]) -> None:
    files[0].write_text("port = = 3\n")
    with pytest.raises(SettingError, match=r"loopwright\.toml is not valid TOML"):
        resolve({}, {}, files[0], user_file=files[1])


def test_a_secret_never_shows_in_an_error(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Setting(name="pin", default=0, help="A secret number.", secret=True)
    monkeypatch.setattr(settings, "SETTINGS", (secret,))
    with pytest.raises(SettingError) as caught:
        resolve({}, {"LOOPWRIGHT_PIN": "hunter2"}, files[0], user_file=files[1])
    assert "hunter2" not in f"{caught.value.as_dict()}"


def test_every_setting_has_a_name_and_help_and_says_its_unit() -> None:
    assert len({s.name for s in SETTINGS}) == len(SETTINGS)
    assert all(s.help.endswith(".") for s in SETTINGS)
    assert all(s.unit == "s" for s in SETTINGS if s.name.endswith("_s"))
    assert all(s.unit == "bytes" for s in SETTINGS if s.name.endswith("_bytes"))

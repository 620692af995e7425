import pytest

from loopwright.core.reference import read_reference
from loopwright.errors import SettingError


def test_a_file_is_named_plainly_or_as_a_file_relative_to_the_project(tmp_path):
    (tmp_path / "key.pem").write_bytes(b"secret")
    for text in ("key.pem", "file:key.pem", str(tmp_path / "key.pem"), f"file:{tmp_path}/key.pem"):
        assert read_reference(text, setting="tls_key", base=tmp_path) == b"secret"


def test_a_variable_is_named_as_env(tmp_path, monkeypatch):
    monkeypatch.setenv("MY_KEY", "secret")
    assert read_reference("env:MY_KEY", setting="tls_key", base=tmp_path) == b"secret"


@pytest.mark.parametrize("text", ["env:NO_SUCH_VARIABLE", "nowhere.pem", "file:nowhere.pem", "file:."])
def test_what_is_not_there_is_named_with_the_setting(tmp_path, text):
    with pytest.raises(SettingError, match="tls_key refers to"):
        read_reference(text, setting="tls_key", base=tmp_path)

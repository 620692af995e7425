"""Over which channels people are told; secrets stay where they are."""

from pathlib import Path

import pytest

from loopwright.app.notify.channels import Channel, address_of, channels
from loopwright.core.settings import resolve
from loopwright.errors import SettingError


def settings(tmp_path: Path, **given: str):
    return resolve(given, {}, tmp_path / "none", user_file=tmp_path / "none")


def test_each_setting_names_channels_once_and_none_by_default(tmp_path):
    assert channels(settings(tmp_path)) == ()
    found = channels(
        settings(
            tmp_path, notify_apprise="env:SLACK, env:PAGER,env:SLACK", notify_cloudevents="https://a.example/hook?k=s"
        )
    )
    assert [channel.name for channel in found] == [
        "apprise env:SLACK",
        "apprise env:PAGER",
        "cloudevents https://a.example",
    ]


def test_a_name_shows_no_secret():
    channel = Channel(kind="webhook", to="https://me:pass@a.example:8443/services/T0/B0/XXXX?token=s")
    assert channel.name == "webhook https://a.example:8443"


def test_an_address_is_read_from_where_the_reference_points(tmp_path, monkeypatch):
    monkeypatch.setenv("SLACK", "slack://a/b/c\n")
    (tmp_path / "pager").write_text("pagerduty://x@y")
    assert address_of(Channel(kind="apprise", to="env:SLACK"), tmp_path) == "slack://a/b/c"
    assert address_of(Channel(kind="apprise", to="pager"), tmp_path) == "pagerduty://x@y"
    assert address_of(Channel(kind="webhook", to="https://a.example/x"), tmp_path) == "https://a.example/x"


@pytest.mark.parametrize("to", ["env:NOT_SET", "no-such-file", "two"])
def test_what_leads_nowhere_is_said_without_the_secret(tmp_path, to):
    (tmp_path / "two").write_text("slack://hunter2/b/c\nslack://d/e/f")
    with pytest.raises(SettingError) as refused:
        address_of(Channel(kind="apprise", to=to), tmp_path)
    assert "hunter2" not in str(refused.value.as_dict())


def test_an_address_in_a_setting_goes_nowhere(tmp_path):
    (channel,) = channels(settings(tmp_path, notify_apprise="slack://hunter2/b/c"))
    assert "hunter2" not in channel.name + channel.to
    with pytest.raises(SettingError, match="holds an address"):
        address_of(channel, tmp_path)

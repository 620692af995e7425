from pathlib import Path
from typing import Any

import pytest

from loopwright.app.keys import keys, new_key, revoke_key
from loopwright.app.trace import journal
from loopwright.app.workspace import open_workspace
from loopwright.errors import ForbiddenError, NotFoundError, UnauthorisedError
from loopwright.web.auth import Doors
from loopwright.web.keyring import Keyring

Project = Any


def ask(workspace: Any, secret: str, **how: Any) -> None:
    headers = {"host": "127.0.0.1:8700", "authorization": f"Bearer {secret}"}
    keyring = Keyring(workspace.stores.ledger, workspace.machine)
    Doors(token="", keys=keyring).admit("GET", headers, **{"scope": "predict"} | how)


def test_a_key_opens_the_door_until_it_is_taken_back(bare: Project) -> None:
    workspace = bare.workspace()
    one, other = new_key(workspace, "cron"), new_key(workspace, "sensor")
    ask(workspace, one.secret)
    revoke_key(workspace, one.id)
    with pytest.raises(UnauthorisedError):
        ask(workspace, one.secret)
    ask(workspace, other.secret)


def test_the_digest_that_is_kept_does_not_open_the_door(bare: Project) -> None:
    workspace = bare.workspace()
    new_key(workspace, "cron")
    (kept,) = workspace.stores.ledger.search("api_key")
    with pytest.raises(UnauthorisedError):
        ask(workspace, kept.data["digest"])


def test_a_key_is_good_for_predictions_unless_more_was_said(bare: Project) -> None:
    workspace = bare.workspace()
    plain, more = new_key(workspace, "shop"), new_key(workspace, "ci", scopes=("control", "feedback"))
    with pytest.raises(ForbiddenError):
        ask(workspace, plain.secret, scope="control")
    ask(workspace, more.secret, scope="control")
    with pytest.raises(ForbiddenError):
        ask(workspace, more.secret)
    assert [key.scopes for key in keys(workspace)][::-1] == [("predict",), ("feedback", "control")]


def test_a_running_server_s_keyring_heeds_a_new_key_and_a_revoked_one(bare: Project) -> None:
    workspace = bare.workspace()
    keyring = Keyring(workspace.stores.ledger, workspace.machine)
    made = new_key(workspace, "late")
    assert keyring.of(made.secret) is None
    assert keyring.refresh()
    assert keyring.of(made.secret).id == made.id
    assert not keyring.refresh()
    revoke_key(workspace, made.id)
    assert keyring.refresh()
    assert keyring.of(made.secret) is None


def test_a_key_expires(bare: Project) -> None:
    workspace = bare.workspace()
    gone, lasting = new_key(workspace, "gone", lasts=0), new_key(workspace, "lasting", lasts=60_000_000)
    with pytest.raises(UnauthorisedError):
        ask(workspace, gone.secret)
    ask(workspace, lasting.secret)
    assert keys(workspace)[0].expires_at > workspace.machine.now()


def test_the_secret_is_kept_nowhere_in_the_home(tmp_path: Path) -> None:
    workspace = open_workspace(tmp_path, create=True)
    made = new_key(workspace, "cron")
    revoke_key(workspace, made.id)
    files = [path.read_bytes() for path in (tmp_path / ".loopwright").rglob("*") if path.is_file()]
    workspace.close()
    files += [path.read_bytes() for path in (tmp_path / ".loopwright").rglob("*") if path.is_file()]
    assert any(made.id.encode() in content for content in files)
    assert not any(made.secret.removeprefix("lw_").encode() in content for content in files)


def test_keys_are_listed_with_what_became_of_them(bare: Project) -> None:
    workspace = bare.workspace()
    made = [new_key(workspace, name) for name in ("one", "two")]
    made_at = {key.id: key.at for key in keys(workspace)}
    revoke_key(workspace, made[0].id)
    assert {key.id: key.at for key in keys(workspace)} == made_at
    assert {(key.id, key.name, key.revoked) for key in keys(workspace)} == {
        (made[0].id, "one", True),
        (made[1].id, "two", False),
    }
    assert [e.kind for e in journal(workspace.stores.ledger)] == ["key_made", "key_made", "key_revoked"]


def test_no_two_keys_have_one_secret_and_a_secret_is_long_enough(bare: Project) -> None:
    workspace = bare.workspace()
    secrets = {new_key(workspace, "same").secret for _ in range(5)}
    assert len(secrets) == 5
    assert min(len(secret) for secret in secrets) >= len("lw_") + 43


def test_a_key_that_never_was_cannot_be_taken_back(bare: Project) -> None:
    with pytest.raises(NotFoundError, match="key_none"):
        revoke_key(bare.workspace(), "key_none")

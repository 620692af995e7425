"""The kill switch: while it is on, the champion alone answers an endpoint and no release starts or advances."""

import msgspec

from loopwright.app.arms import RefMoves
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros
from loopwright.store.ledger import Record

KIND = "kill_switch"


class KillSwitch(msgspec.Struct, frozen=True, kw_only=True):
    """It is on: whose, since when, who turned it on and why. The data of a record of kind `kill_switch`."""

    endpoint: str
    at: Micros
    actor: str
    reason: str

    def record(self, id_: str) -> Record:
        """The record as it is written."""
        return Record(kind=KIND, id=id_, data=msgspec.to_builtins(self), facets={"endpoint": self.endpoint}, at=self.at)


def kill_ref(workspace: Workspace, endpoint: str) -> str:
    """The ref that names the switch while it is on."""
    return workspace.ref("release", endpoint, "killed")


def kill_switch(workspace: Workspace, endpoint: str) -> KillSwitch | None:
    """The endpoint's switch if it is on."""
    target = workspace.stores.ledger.ref(kill_ref(workspace, endpoint))
    record = workspace.stores.ledger.record(KIND, target) if target else None
    return msgspec.convert(record.data, KillSwitch) if record else None


def switches_on(workspace: Workspace) -> tuple[KillSwitch, ...]:
    """Every switch of the namespace that is on."""
    refs = workspace.stores.ledger.refs(f"{workspace.namespace}/release/")
    names = (ref.split("/")[-1].partition("@") for ref in refs)
    found = (kill_switch(workspace, name) for name, _, alias in names if alias == "killed")
    return tuple(switch for switch in found if switch is not None)


def not_killed(workspace: Workspace, endpoint: str) -> RefMoves:
    """Asserts in a commit that the switch is off: of a kill and a start at once, one is refused."""
    return {kill_ref(workspace, endpoint): (None, None)}

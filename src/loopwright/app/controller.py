"""The control process's work: one pass watches, retrains and moves releases. One controller at a time, by a lease."""

from collections.abc import Mapping, Sequence
from threading import Lock
from typing import Any

import msgspec

from loopwright.app.arrivals import Arrivals
from loopwright.app.evaluations.aside import EvaluationsAside
from loopwright.app.intake import take_feedback
from loopwright.app.jobs import Jobs
from loopwright.app.lease import LEASE_KEY
from loopwright.app.log_retention import LogRetention
from loopwright.app.loop import Loop
from loopwright.app.loop_file import LoadedLoop
from loopwright.app.monitor.watch import Watch
from loopwright.app.monitor.watcher import Watcher
from loopwright.app.notify.courier import Courier
from loopwright.app.online_intake import OnlineIntake
from loopwright.app.releases.control import ReleaseController
from loopwright.app.releases.failing_champion import heal
from loopwright.app.releases.running import running_release
from loopwright.app.releases.starting import release_waiting
from loopwright.app.retraining.fall import answer_fall
from loopwright.app.retraining.retrainer import Retrainer
from loopwright.app.retraining.triggers import OnNewData
from loopwright.app.retraining.view import RetrainingView, retraining_view
from loopwright.app.schedule import ScheduledScores
from loopwright.app.versions import champion_of
from loopwright.app.workspace import Workspace
from loopwright.core.clock import SECOND
from loopwright.monitoring.mending import unconfirmed
from loopwright.monitoring.rules.measured import MeasuredRule
from loopwright.observations.feedback import Feedback

LEASE_S = 10
READY_S = 45.0
POLL_S = 0.05
SEALED = ("requests", "labels", "arm_stats", "spans")
SEAL_EVERY_S = 30.0
"""How often segments become Parquet."""
SEAL_EVERY_IN_A_REPLAY_S = 5.0
"""A day of it passes in a second."""


def _lands(loop: Loop) -> bool:
    """Whether what arrives must land while the loop serves: something is set off by it, or watches it."""
    watched = any(isinstance(rule, MeasuredRule) and rule.dataset is not None for rule in loop.monitor)
    return watched or any(isinstance(trigger, OnNewData) for trigger in loop.retraining)


class Passed(msgspec.Struct, frozen=True, kw_only=True):
    """What a pass found.

    Attributes:
        releasing: Whether a release is under way.
        promoted: How many releases have ended well.
        finished: How many have ended.
        leading: Whether this controller leads.
        unconfirmed: Incidents that wait for the champion's looks to show that it has fixed them.
    """

    releasing: bool
    promoted: int
    finished: int
    leading: bool
    unconfirmed: int = 0


class Controller:
    """Runs passes over one loop. Safe to call from several threads: passes take turns, intake goes on beside them."""

    def __init__(self, workspace: Workspace, loaded: LoadedLoop) -> None:
        self._workspace = workspace
        self._loaded = loaded
        self._releases = ReleaseController(workspace)
        self._watcher = Watcher(workspace, loaded.loop)
        self._lock = Lock()
        self._steering = Lock()
        self._name = workspace.ids("control").encode()
        self._sealed_at = 0.0
        self._intake = OnlineIntake(workspace, loaded.datasets, loaded.loop.name)
        self._arrivals = Arrivals(workspace, loaded.datasets)
        self._retention = LogRetention(workspace)
        self._evaluations = EvaluationsAside(workspace, loaded.loop)
        self._jobs = Jobs(workspace)
        self._courier = Courier(workspace)
        self._retrainer = Retrainer(workspace, loaded)
        self._scores = ScheduledScores(workspace, loaded.loop.name, loaded.loop.score)

    @property
    def loop(self) -> Loop:
        """The loop that is led."""
        return self._loaded.loop

    @property
    def courier(self) -> Courier:
        """Who tells people of incidents."""
        return self._courier

    @property
    def jobs(self) -> Jobs:
        """Batches that callers submit."""
        return self._jobs

    def step(self) -> Passed:
        """One pass: watch, retrain if due, move the release. Does nothing where another controller leads."""
        with self._lock:
            leading, watch = self._lead(), None
            if leading:
                if _lands(self._loaded.loop):
                    self._arrivals.land()
                watch = self._watcher.watch()
                answer_fall(self._workspace, self._loaded.loop, watch)
                self._retrain(watch)
                self._steer()
                self._intake.catch_up()
                self._seal()
                self._retention.step()
                self._scores.step()
                self._evaluations.step()
            return self._passed(watch, leading=leading)

    def retraining(self) -> RetrainingView:
        """Where retraining stands."""
        with self._lock:
            return retraining_view(self._workspace, self.loop, self._retrainer)

    def settle(self) -> Passed:
        """One pass, and then wait until every live worker stands at the newest arms and their versions are up."""
        passed = self.step()
        clock = self._workspace.clock
        deadline = clock.monotonic() + READY_S
        while not self._settled() and clock.monotonic() < deadline:
            clock.sleep(POLL_S)
        return passed

    def push(self, dataset: str, rows: Sequence[Mapping[str, Any]], batch: str | None = None) -> int:
        """Take pushed rows, also while a pass is under way; see `OnlineIntake.push`."""
        return self._intake.push(dataset, rows, batch)

    def feedback(self, endpoint: str, given: Sequence[Feedback], *, idempotency_key: str | None = None) -> int:
        """Take labels and rewards; see `app.intake.take_feedback`."""
        return take_feedback(self._workspace, endpoint, given, idempotency_key=idempotency_key)

    def prepare(self) -> None:
        """Fill the online features of what answers now."""
        self._intake.catch_up()

    def steer(self) -> None:
        """Look at the releases alone, also while a pass is under way: a retrain may take long, and harm does not wait.

        Does nothing where another controller leads.
        """
        if self._lead():
            self._steer()

    def _steer(self) -> None:
        """Take a failing champion back, move the release under way, and start the one that waits."""
        name = self._loaded.loop.name
        with self._steering:
            heal(self._workspace, name)
            self._releases.step(name)
            release_waiting(self._workspace, self._loaded.loop)

    def _retrain(self, watch: Watch | None) -> None:
        """Follow or start a retrain, which goes on beside; in a replay, whose clock stands still, it is waited for."""
        self._retrainer.step(watch)
        if self._workspace.stores.replay:
            self._retrainer.wait()

    def _lead(self) -> bool:
        kv = self._workspace.stores.kv
        expires = self._workspace.clock.now() + LEASE_S * SECOND  # the clock that the key-value store goes by
        held = kv.get_many([LEASE_KEY]).get(LEASE_KEY)
        if held not in (None, self._name):
            return False
        return kv.compare_and_set(LEASE_KEY, held, self._name, expires_at=expires)

    def _seal(self) -> None:
        """Closed segments become Parquet, so that looking back stays cheap."""
        every = SEAL_EVERY_IN_A_REPLAY_S if self._workspace.stores.replay else SEAL_EVERY_S
        if self._workspace.clock.monotonic() - self._sealed_at >= every:
            self._sealed_at = self._workspace.clock.monotonic()
            for table in SEALED:
                self._workspace.stores.tables.seal(table)

    def _passed(self, watch: Watch | None, *, leading: bool) -> Passed:
        ledger, name = self._workspace.stores.ledger, self._loaded.loop.name
        ended = {
            status: len(ledger.search("release", where={"endpoint": name, "status": status}, limit=1000))
            for status in ("promoted", "rolled_back", "inconclusive", "aborted")
        }
        return Passed(
            releasing=running_release(self._workspace, name) is not None,
            promoted=ended["promoted"],
            finished=sum(ended.values()),
            leading=leading,
            unconfirmed=unconfirmed(watch.book, champion_of(self._workspace, name) or "") if watch else 0,
        )

    def _settled(self) -> bool:
        """Whether every live worker has acknowledged the newest arms and none of its versions is still coming up."""
        ledger, name = self._workspace.stores.ledger, self._loaded.loop.name
        target = ledger.ref(self._workspace.ref("endpoint", name, "arms"))
        arms = ledger.record("arms", target) if target else None
        if arms is None:
            return True
        fresh = self._workspace.machine.now() - LEASE_S * SECOND
        leases = [r.data for r in ledger.search("lease", where={"role": "worker"}, limit=100)]
        live = [lease for lease in leases if not lease.get("ended") and int(lease["at"]) > fresh]
        return bool(live) and all(
            lease["revisions"].get(name) == arms.data["revision"]
            and "starting" not in lease["arms"].get(name, {}).values()
            for lease in live
        )

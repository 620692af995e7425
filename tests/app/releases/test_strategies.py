"""Every strategy runs unattended to its end: requests are dealt as the arms say, and the controller looks."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from tests.app.releases.test_operations import CHAMPION, WORD

from loopwright.app.arms import current_arms
from loopwright.app.clock import set_clock
from loopwright.app.releases.control import ReleaseController
from loopwright.app.releases.operations import abort
from loopwright.app.releases.request import Asked, start_asked
from loopwright.app.releases.running import RunningRelease
from loopwright.app.releases.shadow_report import shadow_report
from loopwright.app.releases.view import find_release, strategy_name
from loopwright.app.run import run_loop
from loopwright.core.clock import SECOND
from loopwright.observations.arm_stats import ArmCounters
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.release.routing import Arm, choose, mirrored
from loopwright.serving.arms import label_of

Project = Any
Worth = Callable[[str], float]


class World:
    """Users who ask, arms that answer them as the ledger says, and what each answer turns out to be worth."""

    def __init__(self, project: Project) -> None:
        self.workspace = project.workspace()
        set_clock(self.workspace.stores, self.workspace.clock.now())
        self.loop = project.loaded().loop
        judged = run_loop(self.workspace, project.loaded(), parameters={"depth": 3}).judged
        assert judged is not None
        abort(self.workspace, "small", WORD)
        self.candidate = judged.version
        self.champion = str(self.workspace.stores.ledger.ref(CHAMPION))
        self.controller = ReleaseController(self.workspace)
        self._counters = ArmCounters(self.workspace.stores.tables, worker="w")
        self._asked = 0
        self._round = 0

    def start(self, strategy: str, *versions: str, **fields: Any) -> str:
        asked = Asked(versions=versions or ("2",), strategy=strategy, fields=fields, reason="a test")
        self.release = str(start_asked(self.workspace, self.loop, asked).release)
        return self.release

    def serve(self, requests: int, *, score: Callable[[Arm], float] | None = None, worth: Worth | None = None) -> None:
        """Requests of as many users, a second after the last look."""
        now = self.workspace.clock.now() + SECOND
        set_clock(self.workspace.stores, now)
        arms = current_arms(self.workspace, "small")
        assert arms is not None
        rows, labels = [], []
        for _ in range(requests):
            self._asked += 1
            user = f"user {self._asked}"
            arm = choose(arms, user, inputs={"user": user})
            said = score or (lambda _: 0.75)
            rows.append(self._row(user, arm, arms.release, score=said(arm)))
            self._counters.answered(label_of(arms, arm), now, [0.001])
            for shadow in mirrored(arms, user):
                copied = self._row(f"{user}~{shadow.name}", shadow, arms.release, score=said(shadow))
                rows.append(msgspec.structs.replace(copied, shadow_of=f"{user} {self._round}"))
            if worth is not None:
                labels.append(self._reward(user, worth(arm.name), now))
        RequestLog(self.workspace.stores.tables).append(rows)
        if labels:
            append_labels(self.workspace.stores.tables, labels)
        self._counters.flush()

    def again(self, requests: int) -> None:
        """The users of the last requests ask once more."""
        self._asked -= requests
        self._round += 1
        self.serve(requests, worth=lambda arm: 0.0)

    def look(self) -> RunningRelease:
        self.controller.step("small")
        return find_release(self.workspace, self.release)

    def until_ended(self, *, rounds: int, **served: Any) -> RunningRelease:
        for _ in range(rounds):
            self.serve(**served)
            release = self.look()
            if release.state.status != "running":
                return release
        raise AssertionError(f"still under way: {release.reasons}")

    def shares(self) -> dict[str, float]:
        arms = current_arms(self.workspace, "small")
        assert arms is not None
        return {arm.name: arm.share for arm in arms.arms}

    def roles(self) -> dict[str, str]:
        arms = current_arms(self.workspace, "small")
        assert arms is not None
        return {arm.name: arm.role for arm in arms.arms}

    def _row(self, name: str, arm: Arm, release: str | None, *, score: float) -> RequestRow:
        now = self.workspace.clock.now()
        return RequestRow(
            request_id=f"{name} {self._round}",
            at=now,
            event_time=now,
            endpoint="small",
            release=release,
            arm=arm.name,
            version=arm.version,
            key=name,
            inputs={"x": 0.5, "n": 3},
            output={"prediction": score > 0.5, "score": score},
            score=score,
            latency_us=1000,
        )

    def _reward(self, user: str, value: float, now: int) -> LabelRow:
        return LabelRow(
            endpoint="small",
            value=value,
            event_time=now,
            at=now,
            source="feedback",
            request_id=f"{user} {self._round}",
            kind="reward",
            metric="sale",
        )


@pytest.fixture
def world(replayed: Project) -> World:
    return World(replayed)


def test_a_canary_climbs_its_steps_to_the_end(world: World) -> None:
    world.start("canary", steps=[25, 50, 100], min_requests=10, guards=[])
    release = world.until_ended(rounds=30, requests=40)
    assert release.state.status == "promoted"
    assert world.workspace.stores.ledger.ref(CHAMPION) == world.candidate
    assert [entry.decision for entry in release.steps] == ["start", "advance", "advance", "promote"]
    assert [entry.shares.get("candidate", 1.0) for entry in release.steps] == [0.25, 0.5, 1.0, 1.0]


def test_a_shadow_answers_nobody_and_the_canary_after_it_goes_to_the_end(world: World) -> None:
    then = {"strategy": "canary", "steps": [50, 100], "min_requests": 10, "guards": []}
    world.start("shadow", min_requests=30, guards=[], agreement=0.5, alpha=0.2, then=then)
    assert (world.roles(), world.shares()["champion"]) == ({"champion": "champion", "candidate": "shadow"}, 1.0)
    for _ in range(10):
        world.serve(20)
        release = world.look()
        if release.state.stage == 1:
            break
    assert release.state.stage == 1, release.reasons
    assert world.roles()["candidate"] == "canary"
    release = world.until_ended(rounds=20, requests=40)
    assert release.state.status == "promoted"


def test_a_shadow_that_disagrees_is_stopped_and_reported(world: World) -> None:
    world.start("shadow", min_requests=30, guards=[], agreement=0.9)
    release = world.until_ended(rounds=20, requests=50, score=lambda arm: 0.9 if arm.role == "champion" else 0.1)
    assert release.state.status == "rolled_back"
    report = shadow_report(world.workspace, release)
    assert report is not None
    assert (report.agreement, report.failed) == (0.0, 0)
    assert report.compared == report.copied > 0
    assert report.difference.p50 == pytest.approx(0.8)
    assert report.rows[0].champion is True
    assert report.rows[0].candidate is False
    assert report.rows[0].inputs == {"x": 0.5, "n": 3}


def test_blue_green_is_shadowed_switched_watched_and_promoted(world: World) -> None:
    world.start("blue_green", shadow=50, min_requests=20, watch="60s", max_time="1d", guards=[])
    assert world.roles()["candidate"] == "shadow"
    for _ in range(10):
        world.serve(30)
        if world.look().state.step == 1:
            break
    assert world.shares() == {"champion": 0.0, "candidate": 1.0}
    world.serve(30)
    assert world.look().state.status == "running", "it is watched"
    set_clock(world.workspace.stores, world.workspace.clock.now() + 60 * SECOND)
    assert world.look().state.status == "promoted"


def test_an_experiment_ends_with_its_winner(world: World, replayed: Project) -> None:
    third = run_loop(world.workspace, replayed.loaded(), parameters={"depth": 1}).judged
    assert third is not None
    abort(world.workspace, "small", WORD)
    world.start("ab_test", "2", "3", metric="sale", min_units=20, guards=[], max_time="30d")
    assert world.roles() == {"champion": "champion", "v2": "variant", "v3": "variant"}
    release = world.until_ended(rounds=60, requests=60, worth=lambda arm: float(arm == "v3"))
    assert (release.state.status, release.state.winner) == ("promoted", "v3")
    assert world.workspace.stores.ledger.ref(CHAMPION) == third.version


def test_an_experiment_without_a_winner_keeps_the_champion(world: World) -> None:
    world.start("ab_test", metric="sale", min_units=20, guards=[], max_time="1h")
    for _ in range(5):
        world.serve(40, worth=lambda arm: 1.0)
        assert world.look().state.status == "running"
    set_clock(world.workspace.stores, world.workspace.clock.now() + 3600 * SECOND)
    assert world.look().state.status == "inconclusive"
    assert world.shares() == {"champion": 1.0}


def test_a_bandit_s_shares_follow_what_was_earned(world: World) -> None:
    world.start("bandit", metric="sale", burn_in=20, every="5s", guards=[], max_time="30d")
    release = world.until_ended(rounds=100, requests=60, worth=lambda arm: 0.9 if arm == "candidate" else 0.1)
    assert (release.state.status, release.state.winner) == ("promoted", "candidate")
    given = [entry.shares.get("candidate", 1.0) for entry in release.steps]
    assert given[-2] > given[0] or len(given) == 2


@pytest.mark.parametrize("strategy", ["canary", "ab_test"])
def test_each_user_counts_once_over_a_restart_of_the_controller(world: World, strategy: str) -> None:
    fields: dict[str, Any] = {"metric": "sale", "min_units": 100_000} if strategy == "ab_test" else {"min_time": "1h"}
    world.start(strategy, guards=[], max_time="30d", **fields)
    for _ in range(4):
        world.serve(30, worth=lambda arm: 1.0)
        release = world.look()
        world.controller = ReleaseController(world.workspace)
        world.again(30)
    release = world.look()
    if strategy == "ab_test":
        experiment = release.state.experiment
        assert experiment is not None
        assert sum(moments.n for moments in experiment.arms.values()) == 120
        assert sum(experiment.units.values()) == 120
    assert sum(counts.requests for counts in release.totals.values()) == 240


def test_the_record_says_plan_figures_decision_actor_and_evidence_of_every_step(world: World) -> None:
    world.start("canary", steps=[50, 100], min_requests=10)
    world.serve(600)
    release = world.look()
    assert strategy_name(release.plan.strategy) == "canary"
    assert release.needs
    start, moved = release.steps[0], release.steps[-1]
    assert (start.actor, start.reasons, moved.actor) == (world.workspace.actor, ("a test",), "controller")
    assert {str(verdict["check"]) for verdict in release.verdicts} >= {"errors", "latency"}

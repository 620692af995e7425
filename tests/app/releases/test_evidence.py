"""Evidence of a release over several looks: each request and each label counts once, losses are of the candidate's."""

from typing import Any

import msgspec
import numpy as np
import pytest

from loopwright.app.clock import set_clock
from loopwright.app.releases.evidence import EvidenceGatherer, Gathered
from loopwright.app.releases.running import RunningRelease, running_release
from loopwright.app.run import run_loop
from loopwright.app.scoring import answer_of
from loopwright.core.clock import SECOND
from loopwright.observations.labels import LabelRow, append_labels
from loopwright.observations.request_log import RequestLog, RequestRow
from loopwright.serving.loading import bundle_folder
from loopwright.serving.model import Model

Project = Any


class Looks:
    """A canary, scripted requests and labels, and looks that go on where the last one stood."""

    def __init__(self, project: Project) -> None:
        self.workspace = project.workspace()
        set_clock(self.workspace.stores, self.workspace.clock.now())
        run_loop(self.workspace, project.loaded(), parameters={"depth": 3})
        release = running_release(self.workspace, "small")
        assert release is not None
        self.release: RunningRelease = release
        self.plan = release.plan
        self._gatherer = EvidenceGatherer(self.workspace)
        self.pass_time()

    def pass_time(self) -> int:
        now = self.workspace.clock.now() + SECOND
        set_clock(self.workspace.stores, now)
        return now

    def ask(self, name: str, *, score: float, candidate: bool = True, **other: Any) -> None:
        fields = {
            "request_id": name,
            "at": self.pass_time(),
            "endpoint": "small",
            "release": self.release.id,
            "arm": "candidate" if candidate else "champion",
            "version": self.plan.candidate if candidate else self.plan.champion,
            "key": f"key of {name}",
            "inputs": {"x": 0.5, "n": 3},
            "score": score,
            "output": {"score": score},
        } | other
        row = RequestRow(**({"event_time": fields["at"]} | fields))
        RequestLog(self.workspace.stores.tables).append([row])

    def label(self, value: bool, *, request: str | None = None, key: str | None = None) -> None:
        at = self.pass_time()
        row = LabelRow(endpoint="small", value=value, event_time=at, at=at, source="s", request_id=request, key=key)
        append_labels(self.workspace.stores.tables, [row])

    def look(self, *, forget: bool = False) -> Gathered:
        """Gather, and remember how far, as the controller does; a kill before its commit forgets."""
        found = self._gatherer.gather(self.release)
        if not forget:
            self.release = msgspec.structs.replace(
                self.release, counted_until=found.until, labels_until=found.until, totals=found.counts.totals
            )
        return found

    def champion_says(self) -> float:
        return self.says(self.plan.champion)

    def says(self, version: str) -> float:
        folder = bundle_folder(self.workspace.stores.blobs, version, self.workspace.home / "run")
        return float(answer_of(Model.load(folder).scores({"x": np.array([0.5]), "n": np.array([3.0])}))[0])

    def loss(self, score: float, label: bool) -> float:
        return (score - label) ** 2 - (self.champion_says() - label) ** 2


@pytest.fixture
def looks(replayed: Project) -> Looks:
    return Looks(replayed)


def test_outputs_of_each_arm_count_once_over_several_looks(looks: Looks) -> None:
    looks.ask("a", score=0.25)
    looks.ask("b", score=0.75, candidate=False)
    first = looks.look().evidence
    assert (first.of("candidate").outputs.tolist(), first.of("champion").outputs.tolist()) == ([0.25], [0.75])
    looks.ask("c", score=0.5)
    second = looks.look().evidence
    assert (second.of("candidate").outputs.tolist(), second.of("champion").outputs.tolist()) == ([0.5], [])
    assert looks.look().evidence.of("candidate").outputs.tolist() == []


def test_a_look_that_was_lost_is_taken_again(looks: Looks) -> None:
    looks.ask("a", score=0.25)
    looks.label(True, request="a")
    lost, again = looks.look(forget=True).evidence, looks.look().evidence
    assert lost.of("candidate").outputs.tolist() == again.of("candidate").outputs.tolist() == [0.25]
    assert lost.of("candidate").paired.losses.tolist() == again.of("candidate").paired.losses.tolist()
    assert len(again.of("candidate").paired.losses) == 1


def test_a_row_on_which_the_champion_stood_in_or_nobody_answered_is_no_output(looks: Looks) -> None:
    looks.ask("a", score=0.25, fallback_from="candidate", version=looks.plan.champion, arm="champion")
    looks.ask("b", score=0.25, status=503)
    looks.ask("c", score=0.25, release="rel_before")
    looks.ask("d", score=0.25, endpoint="other")
    evidence = looks.look().evidence
    assert (evidence.of("candidate").outputs.tolist(), evidence.of("champion").outputs.tolist()) == ([], [])


def test_losses_are_paired_on_the_labelled_rows_of_either_arm(looks: Looks) -> None:
    looks.ask("a", score=0.25)
    looks.ask("b", score=0.5, candidate=False)
    looks.ask("c", score=0.5, release="rel_before")
    looks.ask("d", score=0.5, status=500)
    looks.ask("e", score=0.125)
    for name in "abcd":
        looks.label(True, request=name)
    of_champion = (looks.says(looks.plan.candidate) - 1) ** 2 - (0.5 - 1) ** 2
    assert looks.look().evidence.of("candidate").paired.losses == pytest.approx([looks.loss(0.25, True), of_champion])
    looks.label(False, key="key of e")
    assert looks.look().evidence.of("candidate").paired.losses == pytest.approx([looks.loss(0.125, False)])


def test_each_label_counts_once_over_several_looks(looks: Looks) -> None:
    looks.ask("a", score=0.25)
    counts = [len(looks.look().evidence.of("candidate").paired.losses)]
    looks.label(True, request="a")
    counts += [len(looks.look().evidence.of("candidate").paired.losses) for _ in range(3)]
    assert counts == [0, 1, 0, 0]


@pytest.mark.parametrize("again", [{"request": "a"}, {"key": "key of a"}])
@pytest.mark.parametrize("value", [True, False])
def test_a_label_that_is_sent_again_or_corrected_is_not_a_second_one(
    looks: Looks, again: dict[str, str], value: bool
) -> None:
    looks.ask("a", score=0.25)
    looks.label(True, request="a")
    assert len(looks.look().evidence.of("candidate").paired.losses) == 1
    looks.ask("b", score=0.25)
    looks.label(value, **again)
    looks.label(True, request="b")
    assert looks.look().evidence.of("candidate").paired.losses == pytest.approx([looks.loss(0.25, True)])


def test_a_key_that_is_asked_about_again_gets_its_new_label(looks: Looks) -> None:
    looks.ask("monday", score=0.25, key="customer")
    looks.label(True, key="customer")
    assert looks.look().evidence.of("candidate").paired.losses == pytest.approx([looks.loss(0.25, True)])
    looks.ask("tuesday", score=0.5, key="customer")
    looks.label(False, key="customer")
    assert looks.look().evidence.of("candidate").paired.losses == pytest.approx([looks.loss(0.5, False)])


def test_of_two_labels_within_one_look_the_later_counts(looks: Looks) -> None:
    looks.ask("a", score=0.25)
    looks.label(True, request="a")
    looks.label(False, request="a")
    assert looks.look().evidence.of("candidate").paired.losses == pytest.approx([looks.loss(0.25, False)])


def test_a_log_without_a_feature_of_the_champion_s_gives_no_losses(looks: Looks) -> None:
    looks.ask("a", score=0.25, inputs={"x": 0.5})
    looks.label(True, request="a")
    assert looks.look().evidence.of("candidate").paired.losses.tolist() == []


def test_a_release_reads_back_from_its_record_as_it_was(looks: Looks) -> None:
    looks.ask("a", score=0.25)
    looks.look()
    record = looks.release.record(looks.workspace.clock.now())
    assert record.facets == {"endpoint": "small", "status": "running", "candidate": looks.plan.candidate, "step": 0}
    looks.workspace.stores.ledger.commit(records=[record])
    assert running_release(looks.workspace, "small") == looks.release

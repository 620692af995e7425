"""Models as they would have been trained at instants of the past; policies that train at the same instant share one."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from loopwright.app.champion_model import KIND as CHAMPION
from loopwright.app.judge import slices_of
from loopwright.app.packaging import days_of, event_times, labels_of, metrics_of
from loopwright.app.policies.history import History
from loopwright.core.clock import Clock, Micros
from loopwright.core.verdict import Outcome
from loopwright.errors import UsageError
from loopwright.formats.training_set import TrainingSet
from loopwright.gates.gate import Evidence, GateCheck, Predictions, run_gate
from loopwright.monitoring.reference import DAY, Reference, build_reference
from loopwright.pipelines.entry import function_of
from loopwright.pipelines.graph import Node
from loopwright.pipelines.live import evaluate
from loopwright.serving.predictor import predict
from loopwright.stats.arrays import Floats

_CHUNK = 30 * DAY


class Trained:
    """A model trained on what was known at an instant. Answers and references are made when they are first wanted.

    Attributes:
        at: The instant, microseconds UTC.
        holdout: The rows that its gate judged it on.
        rows: How many rows it learned from, the holdout's included.
        seconds: What the training took.
        model: As the training step returned it.
    """

    def __init__(
        self, history: History, at: Micros, *, known: TrainingSet, before: "Trained | None", clock: Clock
    ) -> None:
        started = clock.monotonic()
        results = evaluate(history.graph, lambda node: source_of(node, known, before))
        self.seconds = clock.monotonic() - started
        self.at = at
        self.rows = len(known)
        self.holdout: TrainingSet = results["holdout"]
        self._history = history
        self.model = results["model"]
        self._known = known
        self._chunks: dict[int, Floats] = {}
        self._reference: Reference | None = None

    def scores(self, rows: TrainingSet) -> Floats:
        """(n_rows,) or (n_rows, n_classes) as it answers."""
        return self.answers({name: rows.features[name].to_numpy() for name in rows.features.columns})

    def answers(self, columns: Mapping[str, Any]) -> Floats:
        """As `scores`, for columns by name, (n_rows,) each."""
        if not columns or not len(next(iter(columns.values()))):
            return np.empty(0)
        own = self._history.graph.predict
        outputs = function_of(own)(self.model, columns) if own else predict(self.model, columns)
        found: Floats = outputs["probabilities"] if "probabilities" in outputs else outputs["score"]
        return found

    def scores_between(self, since: Micros, until: Micros) -> Floats:
        """Answers on the history's rows of a half-open span of event time; asked for in chunks that are kept."""
        parts, at = [], since
        while at < until:
            chunk = at // _CHUNK
            start, end = chunk * _CHUNK, (chunk + 1) * _CHUNK
            inside = self._history.between(start, end)
            if chunk not in self._chunks:
                self._chunks[chunk] = self.answers(
                    {name: self._history.rows.features[name].to_numpy()[inside] for name in self._names}
                )
            wanted = self._history.between(at, min(end, until))
            parts.append(self._chunks[chunk][wanted.start - inside.start : wanted.stop - inside.start])
            at = end
        return np.concatenate(parts) if parts else np.empty(0)

    @property
    def reference(self) -> Reference:
        """What its world looked like, as it would have been packaged."""
        if self._reference is None:
            self._reference = self._made_reference()
        return self._reference

    @property
    def _names(self) -> list[str]:
        return list(self._history.rows.features.columns)

    def _made_reference(self) -> Reference:
        known, holdout, key = self._known, self.holdout, self.holdout.signature.key
        scores = self.scores(holdout)
        rows, answers = holdout, scores
        if key is not None:
            held = known.about[key].is_in(holdout.about[key].implode()).to_numpy()
            if int(held.sum()) == len(holdout):
                rows, answers = known, np.full((len(known), *scores.shape[1:]), np.nan)
                answers[held] = scores
        metrics = metrics_of(holdout, scores)
        return build_reference(
            rows.features,
            answers,
            labels_of(rows),
            event_time=event_times(rows),
            signature=rows.signature,
            quality={name: value for name, value in metrics.items() if value is not None},
        )


def source_of(node: Node, known: TrainingSet, before: Trained | None) -> Any:
    """What a source of the pipeline gives at the instant."""
    if node.source is not None and node.source.kind == CHAMPION:
        return None if before is None else before.model
    return known


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trainer:
    """Trains models as of instants, each once.

    Attributes:
        history: The past.
        clock: Measures trainings.
        made: The models by instant, and by the champion that training went on from, where the pipeline takes it.
    """

    history: History
    clock: Clock
    made: dict[tuple[Micros, int], Trained] = dataclasses.field(default_factory=dict)

    def train(self, at: Micros, champion: Trained | None = None) -> Trained:
        """The model of an instant.

        Raises:
            UsageError: Too little was known by then.
            StepFailedError: The training raised.
        """
        nodes = self.history.graph.nodes
        warm = any(node.source is not None and node.source.kind == CHAMPION for node in nodes)
        key = (at, id(champion) if warm else 0)
        if key not in self.made:
            known = self.history.known_by(at)
            if not len(known):
                raise UsageError("no label was known yet when the first model would have been trained")
            self.made[key] = Trained(self.history, at, known=known, before=champion, clock=self.clock)
        return self.made[key]


def judged(checks: tuple[GateCheck, ...], candidate: Trained, champion: Trained) -> Outcome:
    """What the loop's gate says of a candidate beside the champion, on the candidate's holdout."""
    holdout = candidate.holdout
    evidence = Evidence(
        task=holdout.signature.task,
        classes=holdout.signature.classes,
        label=labels_of(holdout),
        slices=slices_of(holdout),
        blocks=days_of(holdout),
        features={name: holdout.features[name].to_numpy() for name in holdout.features.columns},
    )
    theirs = Predictions(scores=champion.scores(holdout))
    ours = Predictions(scores=candidate.scores(holdout), predict=candidate.answers)
    return run_gate(checks, ours, theirs, evidence=evidence, first=False).outcome

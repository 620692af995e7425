"""Tokens, money and the like of applications, counted for Prometheus. No label is a user's or a request's."""

from collections.abc import Mapping

from loopwright.serving.applications.course import Course
from loopwright.web.metric_families import LLM_CACHED, LLM_COST, LLM_FIRST, LLM_FOUND, LLM_LOOKED_UP, LLM_TOKENS
from loopwright.web.metrics import Metrics

OTHER = "other"
_MOST_MODELS = 200


class GenerationFigures:
    """Counts calls of applications in a worker's metrics.

    Where callers name the models, there is no end to them: those beyond the first few hundred are counted together.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._models: set[str] = set()
        self._looked_up: dict[str, int] = {}

    def generated(self, course: Course) -> None:
        metrics, endpoint = self._metrics, course.label.endpoint
        for found in course.findings:
            where, _, rest = found.partition(":")
            guard, kind, action = rest.rsplit(":", 2)
            metrics.count(LLM_FOUND, (endpoint, where, guard, kind, action), 1)
        if course.cache is not None and course.upstream is None:
            metrics.count(LLM_CACHED, (endpoint, course.cache), 1)
            return
        upstream, usage = course.upstream, course.usage
        if upstream is None:
            return
        named = (endpoint, upstream.provider_name, self._labelled(upstream.model))
        if usage is not None:
            metrics.count(LLM_TOKENS, (*named, "input"), usage.input_tokens)
            metrics.count(LLM_TOKENS, (*named, "output"), usage.output_tokens)
            if usage.cache_read_tokens:
                metrics.count(LLM_TOKENS, (*named, "cache_read"), usage.cache_read_tokens)
            if usage.cache_write_tokens:
                metrics.count(LLM_TOKENS, (*named, "cache_write"), usage.cache_write_tokens)
        if course.spend is not None and course.spend.cost_usd is not None:
            metrics.count(LLM_COST, named, course.spend.cost_usd)
        if course.first_token_s is not None:
            metrics.measure(LLM_FIRST, (endpoint,), course.first_token_s - course.call.started)

    def looked_up(self, counts: Mapping[str, int]) -> None:
        for outcome, count in counts.items():
            more = count - self._looked_up.get(outcome, 0)
            if more:
                self._metrics.count(LLM_LOOKED_UP, (outcome,), more)
        self._looked_up = dict(counts)

    def _labelled(self, model: str) -> str:
        if model not in self._models:
            if len(self._models) >= _MOST_MODELS:
                return OTHER
            self._models.add(model)
        return model

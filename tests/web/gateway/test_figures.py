"""What calls are counted as, without any user or request in a label."""

import msgspec
from tests.serving.applications.stage import UPSTREAM, call, course

from loopwright.llm.ask import Usage
from loopwright.llm.cache.tally import Tally
from loopwright.llm.metering import Spend
from loopwright.web.gateway.figures import GenerationFigures
from loopwright.web.metrics import Metrics


def counted(one):
    metrics = Metrics()
    GenerationFigures(metrics).generated(one)
    return {(count.family, count.labels): count.value for count in metrics.snapshot().counts}


def test_tokens_and_money_by_provider_and_model():
    one = course(asked=call(user="jane"))
    one.upstream, one.usage = UPSTREAM, Usage(input_tokens=9, output_tokens=4, cache_read_tokens=2)
    one.spend = Spend(usage=one.usage, cost_usd=0.5)
    one.findings = ["in:my:guard:email:redact"]
    found = counted(one)
    model = ("support", "openai", "tiny")
    assert found[("loopwright_llm_tokens", (*model, "input"))] == 9
    assert found[("loopwright_llm_tokens", (*model, "output"))] == 4
    assert found[("loopwright_llm_tokens", (*model, "cache_read"))] == 2
    assert found[("loopwright_llm_cost_usd", model)] == 0.5
    assert found[("loopwright_llm_guard_findings", ("support", "in", "my:guard", "email", "redact"))] == 1
    assert "jane" not in str(found)


def test_an_answer_from_the_cache_is_a_hit_and_no_tokens():
    one = course()
    one.cache, one.usage = "exact", Usage(input_tokens=9)
    assert counted(one) == {("loopwright_llm_cache_hits", ("support", "exact")): 1}


def test_look_ups_are_counted_by_what_became_of_them_once_each():
    metrics, tally = Metrics(), Tally()
    figures = GenerationFigures(metrics)
    tally.misses, tally.exact = 2, 1
    figures.looked_up(tally.counts())
    tally.misses += 1
    tally.failures += 1
    for _ in range(2):
        figures.looked_up(tally.counts())
    found = {count.labels: count.value for count in metrics.snapshot().counts}
    assert found == {("miss",): 3, ("exact",): 1, ("failure",): 1}


def test_models_that_callers_make_up_are_counted_together_beyond_some_hundred():
    metrics = Metrics()
    figures = GenerationFigures(metrics)
    for number in [*range(1_000), 7]:
        one = course()
        one.upstream = msgspec.structs.replace(UPSTREAM, model=f"made-up-{number}")
        one.usage = Usage(input_tokens=1)
        figures.generated(one)
    found = {count.labels[2]: count.value for count in metrics.snapshot().counts if count.labels[-1] == "input"}
    assert (len(found), found["made-up-7"], found["other"], sum(found.values())) == (201, 2, 800, 1_001)

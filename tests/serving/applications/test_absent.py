"""Stand-ins where there is nothing."""

import asyncio

from tests.serving.applications.stage import ask, reply

from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.ask import Usage
from loopwright.serving.applications.absent import NoCache, NoMeter, no_groups


def test_nothing_is_found_kept_or_priced():
    cache = NoCache()
    cache.keep(ask(), reply(), version="v", tenant="t", policy=CachePolicy(exact_s=9.0))
    assert asyncio.run(cache.look(ask(), version="v", tenant="t", policy=CachePolicy(exact_s=9.0))) is None
    spend = NoMeter().settle("c", Usage(input_tokens=1), provider="openai", model="tiny")
    assert (spend.usage, spend.cost_usd) == (Usage(input_tokens=1), None)
    assert no_groups("anyone") == ()

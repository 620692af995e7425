import json

import pytest

from loopwright.llm.ask import Ask
from loopwright.llm.providers.given import headers_of, parameters_of
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Upstream


def upstream(**parameters):
    return Upstream(name="a", url="http://h/v1", model="m", parameters=parameters, headers={"X-Org": "o"})


def test_headers_are_in_lower_case():
    assert headers_of(upstream()) == {"content-type": "application/json", "x-org": "o"}


def test_only_what_the_call_left_out_is_added():
    assert parameters_of(upstream(temperature=0, seed=1), {"temperature": None}) == {"seed": 1}


def test_a_limit_is_added_to_a_call_that_has_none():
    assert parameters_of(upstream(max_tokens=5), {}) == {"max_tokens": 5}


@pytest.mark.parametrize("api", ["openai", "anthropic", "gemini"])
def test_no_parameter_passes_the_bound_that_was_reserved(api):
    ask = Ask(operation="chat", body={"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 7})
    declared = upstream(max_completion_tokens=9999, max_output_tokens=9999, n=5, best_of=6)
    body = provider_of(api).request(declared, ask, "").body
    assert b"9999" not in body
    assert json.loads(body).get("n") is None
    assert b"7" in body

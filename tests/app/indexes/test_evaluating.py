import json

import pytest
from tests.app.indexes.conftest import INDEX, write

from loopwright.app.indexes.building import build_index
from loopwright.app.indexes.evaluating import evaluate_index
from loopwright.errors import NotFoundError


@pytest.fixture
def cases(tmp_path):
    path = tmp_path / "cases.jsonl"
    lines = [
        {"question": "revoke a key", "relevant": ["docs/a.md"]},
        {"question": "canary traffic", "relevant": ["docs/b.md"]},
        {"question": "something else", "relevant": ["docs/z.md"]},
    ]
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def test_measures_come_with_what_is_missed(workspace, cases):
    build_index(workspace, INDEX, promote=True)
    found = evaluate_index(workspace, "docs", cases, ranks=(1,))
    values = {one.quality.measure: one.quality.value for one in found.measures}
    assert values == pytest.approx({"recall@1": 2 / 3, "mrr@1": 2 / 3, "ndcg@1": 2 / 3})
    assert found.missed == ("something else",)


def test_another_version_is_compared_on_the_same_questions(workspace, cases):
    build_index(workspace, INDEX, promote=True)
    write(workspace, "docs/a.md", "nothing of interest")
    build_index(workspace, INDEX)
    found = evaluate_index(workspace, "docs@latest", cases, compare="champion", ranks=(1,))
    recall = found.measures[0]
    assert (recall.quality.value, recall.other.value) == pytest.approx((1 / 3, 2 / 3))
    assert recall.gain.value == pytest.approx(-1 / 3)
    with pytest.raises(NotFoundError):
        evaluate_index(workspace, "docs", cases, compare="7")

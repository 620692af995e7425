import pytest

from loopwright.core.codec import canonical, from_json
from loopwright.errors import UsageError
from loopwright.llm.answer_cache import CachePolicy


@pytest.mark.parametrize(
    "fields",
    [
        {"semantic": "on"}, {"semantic": "on", "threshold": 0.9}, {"semantic": "on", "stated_error": 0.01},
        {"semantic": "on", "threshold": 1.5, "stated_error": 0.01}, {"exact_s": -1.0}, {"semantic_s": float("nan")},
    ],
)  # fmt: skip
def test_a_policy_that_cannot_be_kept_is_refused(fields):
    with pytest.raises(UsageError):
        CachePolicy(**fields)


@pytest.mark.parametrize(
    "policy",
    [
        CachePolicy(),
        CachePolicy(exact_s=60, per_user=True),
        CachePolicy(semantic="on", threshold=0.8, stated_error=0.01),
    ],
)
def test_a_policy_comes_back_from_its_json(policy):
    assert from_json(canonical(policy), CachePolicy) == policy

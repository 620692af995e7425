"""Concept drift, as a loop file declares it."""

import pytest

from loopwright.errors import UsageError
from loopwright.monitoring.rules.concept_drift import METHODS, concept_drift


def test_without_a_stated_rate_it_opens_nothing_unless_asked():
    assert not concept_drift().opens_incident
    assert concept_drift(opens_incident=True).opens_incident
    assert [concept_drift(method=method).name for method in METHODS] == [f"concept_drift({name})" for name in METHODS]
    assert not concept_drift().needs_rows


@pytest.mark.parametrize("wrong", [{"method": "guess"}, {"min_labels": 0}, {"recent": 0}, {"severity": "dire"}])
def test_what_cannot_hold_is_refused(wrong):
    with pytest.raises(UsageError):
        concept_drift(**wrong)

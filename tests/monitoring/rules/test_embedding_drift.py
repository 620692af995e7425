"""Embeddings, as a loop file declares them."""

import pytest

from loopwright.errors import UsageError
from loopwright.monitoring.rules.embedding_drift import embedding_drift


def test_one_column_of_lists_or_several_of_numbers():
    assert embedding_drift("vector").name == "embedding_drift(vector, mmd)"
    assert embedding_drift(["p0", "p1", "p2"], method="classifier").name == "embedding_drift(p0 … p2, classifier)"


def test_no_column_is_refused():
    for wrong in ([], None):
        with pytest.raises(UsageError):
            embedding_drift(wrong)

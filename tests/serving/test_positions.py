import pytest

from loopwright.core.schema import Column, Signature
from loopwright.serving.protocols.positions import columns_at

KEY = Column(name="sample", kind="int", nullable=True)
A, B = Column(name="a", kind="float"), Column(name="b", kind="float", nullable=True)
TEXT = Column(name="carrier", kind="category", categories=("AA",))
JOINED = Column(name="mean", kind="float")


def signature(request, features):
    return Signature(task="regression", request=request, features=features)


@pytest.mark.parametrize(
    ("request_", "features", "width", "numbers", "names"),
    [
        ((KEY, A, B), (B, A), 2, True, "b a"),
        ((KEY, A, B), (B, A), 3, True, "sample a b"),
        ((KEY, A, B), (B, A), 1, True, None),
        ((A, B), (A, JOINED), 1, True, "a"),
        ((A, B), (B, JOINED), 1, True, None),
        ((TEXT, A), (TEXT, A), 2, False, "carrier a"),
        ((TEXT, A), (TEXT, A), 2, True, None),
        ((TEXT, A), (A,), 1, True, None),
        ((Column(name="id", kind="string", nullable=True), A), (A,), 1, True, "a"),
        ((Column(name="id", kind="string", nullable=True), KEY, A), (A,), 2, True, "sample a"),
    ],
)
def test_values_without_names_are_what_the_model_sees_or_what_callers_send(request_, features, width, numbers, names):
    found = columns_at(signature(request_, features), width, numbers=numbers)
    assert (None if found is None else " ".join(column.name for column in found)) == names

import numpy as np
import pytest

from loopwright.errors import UsageError
from loopwright.serving.native.matrix_call import of_width, score_of


def test_rows_as_a_c_library_reads_them_are_not_copied():
    rows = np.zeros((3, 2))
    assert of_width(rows, 2) is rows


@pytest.mark.parametrize("rows", [np.zeros((3, 2), dtype=np.float32), np.zeros((2, 3)).T, np.zeros((6, 2))[::2]])
def test_other_rows_are(rows):
    made = of_width(rows, 2)
    assert made.flags.c_contiguous
    assert made.dtype == np.float64


@pytest.mark.parametrize("shape", [(2,), (2, 3), (1, 2, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(UsageError):
        of_width(np.zeros(shape), 2)


def test_of_two_classes_the_second_is_the_score():
    assert score_of([[0.25, 0.75]]).tolist() == [0.75]
    assert score_of([[0.2, 0.3, 0.5]]).tolist() == [[0.2, 0.3, 0.5]]
    assert score_of([1, 2]).tolist() == [1.0, 2.0]

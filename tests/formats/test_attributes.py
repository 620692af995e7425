import json

import numpy as np
import pytest

from loopwright.errors import UntrustedFormatError
from loopwright.formats.attributes import plain_attributes, restored_attributes

VALUES = {
    "none": None,
    "pair": (1, "a"),
    "list": [1.5, (True, None)],
    "by number": {1: "x", (2, 3): {"y": [4]}},
    "empty": {},
    "number": 2**70,
}


def test_attributes_come_back_through_json():
    assert restored_attributes(json.loads(json.dumps(plain_attributes(VALUES, "a model")))) == VALUES


def test_arrays_come_back_and_numpys_numbers_as_pythons():
    plain = plain_attributes({"array": np.array([1, 2]), "number": np.float32(0.5)}, "a model")
    back = restored_attributes(json.loads(json.dumps(plain)))
    assert back["array"].tolist() == [1, 2]
    assert back["number"] == 0.5


def test_functions_and_objects_are_named():
    with pytest.raises(UntrustedFormatError, match="a model has metric, state"):
        plain_attributes({"metric": print, "state": object(), "fine": 1}, "a model")

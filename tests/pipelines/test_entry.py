import json

import pytest

from loopwright.errors import GraphError
from loopwright.pipelines.entry import function_of


def test_an_entry_names_a_function_or_a_step_s_function(project):
    project.write("loop", "@step\ndef f(): return 3\n")
    function = function_of(f"{project.load().__name__}:f")
    assert function() == 3
    assert not hasattr(function, "options")
    assert function_of("json:JSONDecoder.decode") is json.JSONDecoder.decode


@pytest.mark.parametrize("entry", ["no_such_module:f", "json:nothing", "json:JSONDecoder.nothing"])
def test_an_entry_that_is_not_there_is_refused(entry):
    with pytest.raises(GraphError, match="cannot be found by its name"):
        function_of(entry)

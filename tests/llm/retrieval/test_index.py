import pytest

from loopwright import llm
from loopwright.errors import UsageError


@pytest.mark.parametrize("name", ["", "a b", "a/b", "@x", ".x", 5])
def test_a_name_is_plain(name):
    with pytest.raises(UsageError, match="not a name"):
        llm.Index(name, source="docs")


@pytest.mark.parametrize("arguments", [{"words": 0}, {"words": 5000}, {"words": 10, "overlap": 6}, {"overlap": -1}])
def test_chunks_out_of_bounds_are_refused(arguments):
    with pytest.raises(UsageError):
        llm.chunks(**arguments)


@pytest.mark.parametrize("groups", ["staff", [""], [1]])
def test_access_is_a_list_of_groups(groups):
    with pytest.raises(UsageError, match="access"):
        llm.Index("docs", source="docs", access={"docs/**": groups})

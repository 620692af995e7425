import pytest
from tests.app.indexes.conftest import INDEX, write

from loopwright.app.indexes.building import build_index
from loopwright.app.indexes.versions import (
    alias_of,
    find_version,
    index_names,
    index_versions,
    move_champion,
    remove_version,
    roll_back,
)
from loopwright.errors import NotFoundError, UsageError
from loopwright.store.reachable import reachable


@pytest.fixture
def three(workspace):
    """Three versions, each champion in its turn."""
    made = []
    for number in range(3):
        write(workspace, "docs/c.md", f"text number {number}")
        made.append(build_index(workspace, INDEX, promote=True).version)
    return made


def test_versions_are_found_by_alias_number_and_digest(workspace, three):
    assert index_names(workspace) == ("docs",)
    assert [one.digest for one in index_versions(workspace, "docs")] == three[::-1]
    for selector, version in [
        ("docs", 2), ("docs@champion", 2), ("docs@latest", 2), ("docs@1", 0), (f"docs@{three[1][:10]}", 1),
    ]:  # fmt: skip
        assert find_version(workspace, selector).digest == three[version]


@pytest.mark.parametrize("selector", ["docs@9", "docs@abc", "none", "docs@", "none@1"])
def test_what_is_not_there_is_said(workspace, three, selector):
    if selector == "docs@":
        assert find_version(workspace, selector).digest == three[2]
        return
    with pytest.raises(NotFoundError):
        find_version(workspace, selector)


def test_where_no_version_is_champion_the_error_says_how_one_becomes_it(workspace):
    build_index(workspace, INDEX, promote=False)
    with pytest.raises(NotFoundError) as raised:
        find_version(workspace, "docs")
    assert "`loopwright index promote docs@latest`" in raised.value.fix


def test_rolling_back_goes_one_champion_back_each_time_with_an_event(workspace, three):
    move = roll_back(workspace, "docs", reason="worse answers")
    assert (move.before, move.now) == (three[2], three[1])
    assert roll_back(workspace, "docs").now == three[0]
    with pytest.raises(NotFoundError, match="no champion before"):
        roll_back(workspace, "docs")
    assert roll_back(workspace, "docs", to="3").now == three[2]
    events = [event for event in workspace.stores.ledger.read() if event.kind == "index_moved"]
    assert [event.data["to"] for event in events[-3:]] == [three[1], three[0], three[2]]
    assert events[-3].data["reason"] == "worse answers"
    with pytest.raises(UsageError, match="champion already"):
        move_champion(workspace, "docs@3", reason="again")


def test_a_rolled_back_index_stays_so_until_the_next_build_that_promotes(workspace, three):
    roll_back(workspace, "docs")
    build_index(workspace, INDEX)
    assert alias_of(workspace, "docs", "champion") == three[1]
    assert build_index(workspace, INDEX, promote=True).version == three[2]
    assert alias_of(workspace, "docs", "champion") == three[2]


def test_every_version_is_reached_from_refs_until_it_is_removed(workspace, three):
    def present():
        return reachable(workspace.stores.blobs, workspace.stores.ledger).present

    assert set(three) <= present()
    remove_version(workspace, find_version(workspace, "docs@1"))
    assert three[0] not in present()
    assert {three[1], three[2]} <= present()
    with pytest.raises(NotFoundError):
        find_version(workspace, "docs@1")


def test_a_removed_version_that_is_built_again_has_a_number_of_its_own(workspace, three):
    remove_version(workspace, find_version(workspace, "docs@1"))
    write(workspace, "docs/c.md", "text number 0")
    again = build_index(workspace, INDEX)
    assert (again.version, again.number) == (three[0], 4)

import itertools

import msgspec
import pytest

from loopwright.errors import ReleaseError
from loopwright.release.routing import Arm, Arms, choose, point


def arm(name="c", role="champion", share=0.5):
    return {"name": name, "role": role, "version": "v", "share": share}


def arms_of(*arms):
    return Arms.of({"endpoint": "e", "revision": 1, "arms": list(arms)})


BEFORE = Arms.only_champion("flight-delay", "a" * 64)


def canary(share, release="rel_1"):
    return BEFORE.with_canary("b" * 64, share, release=release)


def chosen(arms, n=20_000):
    return {key for key in map(str, range(n)) if choose(arms, key).role == "canary"}


@pytest.mark.parametrize("share", [0.0, 0.0005, 0.05, 0.25, 0.5, 1.0])
def test_a_canary_gets_its_share(share):
    n = 20_000
    got = len(chosen(canary(share), n)) / n
    assert abs(got - share) <= 4 * (share * (1 - share) / n) ** 0.5


def test_the_same_key_has_the_same_arm_in_every_process_and_version():
    assert point("flight-17", salt="rel_1") == 261058021811688342
    assert [choose(canary(0.5), "k").name for _ in range(3)] == [choose(canary(0.5), "k").name] * 3


def test_a_growing_share_only_adds_keys():
    steps = [chosen(canary(share)) for share in (0.05, 0.25, 0.5, 1.0)]
    assert all(less < more for less, more in itertools.pairwise(steps))


def test_another_release_draws_other_keys():
    first, second = chosen(canary(0.05)), chosen(canary(0.05, release="rel_2"))
    assert len(first & second) < 0.2 * len(first)


def test_arms_round_trip_as_a_records_data():
    arms = canary(0.25)
    assert Arms.of(msgspec.json.decode(msgspec.json.encode(arms.to_json()))) == arms
    assert (arms.revision, arms.champion.share, arms.canaries[0].share) == (2, 0.75, 0.25)
    assert arms.with_champion("b" * 64).champion.version == "b" * 64
    assert arms.with_champion("b" * 64).revision == 3


@pytest.mark.parametrize(
    "make",
    [
        lambda: Arm(name="x", role="canary", version="v", share=1.5),
        arms_of,
        lambda: arms_of(arm(share=0.5)),
        lambda: arms_of(arm(), arm(role="canary")),
        lambda: arms_of(arm(), arm(name="d")),
        lambda: arms_of(arm(role="king", share=1.0)),
        lambda: Arms.of({"endpoint": "e"}),
    ],
)
def test_what_is_no_set_of_arms_is_refused(make):
    with pytest.raises(ReleaseError):
        make()

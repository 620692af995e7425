import itertools

import msgspec
import pytest

from loopwright.errors import ReleaseError
from loopwright.release.routing import Arm, Arms, Cohort, Lots, choose, in_cohort, mirrored, point


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


INSIDERS = Cohort(source="header", field="x-insider", values=("1", "yes"))
GERMANS = Cohort(source="input", field="country", values=("de",))


def several(**changes):
    data = {
        "endpoint": "e",
        "revision": 4,
        "release": "rel_1",
        "arms": [
            arm("champion", share=0.5),
            arm("b", "variant", share=0.3),
            arm("c", "variant", share=0.2),
            arm("s", "shadow", share=0.1),
        ],
    }
    return Arms.of(data | changes)


def test_several_variants_get_their_shares_and_a_shadow_answers_nothing():
    found = [choose(several(), str(key)).name for key in range(20_000)]
    assert {name: round(found.count(name) / 20_000, 1) for name in set(found)} == {"champion": 0.5, "b": 0.3, "c": 0.2}


def test_a_shadow_gets_copies_of_its_share_by_a_lot_of_its_own():
    keys = [str(key) for key in range(20_000)]
    copied = {key for key in keys if mirrored(several(), key)}
    assert abs(len(copied) / 20_000 - 0.1) < 0.01
    assert {choose(several(), key).name for key in copied} == {"champion", "b", "c"}
    assert mirrored(several(), "7") == mirrored(several(), "7")


@pytest.mark.parametrize(
    ("cohort", "inputs", "headers", "inside"),
    [
        (INSIDERS, {}, {"x-insider": "1"}, True),
        (INSIDERS, {}, {"x-insider": "no"}, False),
        (INSIDERS, {"x-insider": "1"}, {}, False),
        (GERMANS, {"country": "de"}, {}, True),
        (GERMANS, {"country": None}, {}, False),
        (GERMANS, {}, {"country": "de"}, False),
        (Cohort(source="input", field="tier", values=("3",)), {"tier": 3}, {}, True),
    ],
)
def test_a_cohort_is_told_by_an_input_or_a_header(cohort, inputs, headers, inside):
    assert in_cohort(cohort, inputs, headers) == inside


def test_an_arm_with_a_cohort_gets_all_of_it():
    data = [
        arm("champion", share=1.0),
        {**arm("b", "canary", share=0.0), "cohort": {"source": "input", "field": "country", "values": ["de"]}},
    ]
    arms = Arms.of({"endpoint": "e", "revision": 1, "arms": data})
    assert {choose(arms, str(key), inputs={"country": "de"}).name for key in range(99)} == {"b"}
    assert {choose(arms, str(key), inputs={"country": "fr"}).name for key in range(99)} == {"champion"}
    assert {choose(arms, str(key)).name for key in range(99)} == {"champion"}


def test_where_a_cohort_takes_part_every_other_request_is_the_champions():
    arms = canary(0.5).with_arms(canary(0.5).arms, release="rel_1", cohort=GERMANS)
    inside = [choose(arms, str(key), inputs={"country": "de"}).name for key in range(2_000)]
    assert 900 < inside.count("candidate") < 1_100
    assert {choose(arms, str(key), inputs={"country": "fr"}).name for key in range(99)} == {"champion"}
    assert {choose(arms, str(key)).name for key in range(99)} == {"champion"}


def test_new_arms_keep_what_to_fall_back_on():
    before = msgspec.structs.replace(BEFORE, previous="p" * 64, default={"prediction": 0})
    after = before.with_arms(canary(0.5).arms, release="rel_1", unit="user")
    assert (after.revision, after.release, after.unit) == (2, "rel_1", "user")
    assert (after.previous, after.default) == ("p" * 64, {"prediction": 0})
    assert Arms.of(msgspec.json.decode(msgspec.json.encode(after.to_json()))) == after


@pytest.mark.parametrize(
    "arms",
    [
        BEFORE,
        canary(0.3),
        several(),
        several(cohort={"source": "input", "field": "country", "values": ["de"]}),
        several(cohort={"source": "header", "field": "x-insider", "values": ["1"]}),
    ],
)
def test_lots_worked_out_once_say_the_same(arms):
    lots = Lots(arms)
    for key in map(str, range(500)):
        inputs, headers = {"country": "de" if int(key) % 2 else "fr"}, {"x-insider": str(int(key) % 3)}
        assert lots.choose(key, inputs=inputs, headers=headers) == choose(arms, key, inputs=inputs, headers=headers)

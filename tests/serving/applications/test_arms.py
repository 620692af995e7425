"""Which version of an application a call belongs to."""

from tests.serving.applications.stage import arms_of, call, loaded

from loopwright.release.routing import Cohort
from loopwright.serving.health import Trip

OLD, NEW = loaded(version="a" * 64), loaded(version="b" * 64)


def test_a_stopped_arm_is_passed_over_for_the_champion():
    arms = arms_of(OLD, ("canary", 1.0, NEW), release="rel_1")
    assert arms.choose(call()).loaded is NEW
    arms.canaries[0].health.stop(Trip(cause="error", why="it failed"))
    assert arms.choose(call()).loaded is OLD
    assert arms.canaries[0].state == "tripped"


def test_a_user_stays_with_an_arm_and_shares_are_about_kept():
    arms = arms_of(OLD, ("canary", 0.3, NEW), release="rel_1")
    chosen = [arms.choose(call(user=f"u{number}")).loaded for number in range(500)]
    again = [arms.choose(call(user=f"u{number}", id="req_" + "0" * 32)).loaded for number in range(500)]
    assert chosen == again
    assert 100 < sum(one is NEW for one in chosen) < 200


def test_a_shadow_answers_nobody_and_is_given_its_share():
    arms = arms_of(OLD, ("shadow", 1.0, NEW))
    assert arms.choose(call()).loaded is OLD
    assert [arm.loaded for arm in arms.mirrored(call())] == [NEW]
    assert arms.by_version("b" * 12) is None
    assert arms.by_version("a" * 12).loaded is OLD
    assert arms.by_version("a" * 7) is None


def test_outside_the_releases_cohort_the_champions_figures_are_no_part_of_it():
    cohort = Cohort(source="header", field="loopwright-user", values=("insider",))
    arms = arms_of(OLD, ("canary", 0.5, NEW), release="rel_1", cohort=cohort)
    inside = call(headers={"loopwright-user": "insider"})
    assert arms.label_of(arms.champion, inside).release == "rel_1"
    assert arms.label_of(arms.champion, call()).release is None
    assert arms.choose(call()).loaded is OLD


def test_cohorts_by_input_see_user_feature_and_metadata():
    cohort = Cohort(source="input", field="plan", values=("gold",))
    arms = arms_of(OLD, ("canary", 1.0, NEW), release="rel_1", cohort=cohort)
    assert arms.choose(call(metadata={"plan": "gold"})).loaded is NEW
    assert arms.choose(call(metadata={"plan": "tin"})).loaded is OLD

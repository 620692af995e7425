from loopwright.app.releases.course import MOST_POINTS, Course, Point, evidence_in
from loopwright.core.clock import SECOND


def test_a_course_of_any_length_keeps_a_bounded_number_of_looks_from_first_to_last() -> None:
    course = Course(release="rel_1")
    for second in range(5_000):
        at = second * SECOND
        if course.due(at):
            course = course.with_point(Point(at=at, shares={"champion": 1.0}, requests=second, labels=0))
    times = [point.at for point in course.points]
    assert MOST_POINTS / 3 < len(times) <= MOST_POINTS
    assert (times[0], times[-1] > 4_900 * SECOND) == (0, True)
    assert times == sorted(set(times))


def test_evidence_is_read_from_stored_verdicts_and_what_is_not_known_is_left_out() -> None:
    verdicts = (
        {"check": "errors", "value": 0.5, "details": {"p_over": 0.25, "p_under": 1.0}},
        {"check": "outputs", "value": None, "details": {}},
    )
    assert evidence_in(verdicts) == {"harm": {"errors": 0.25}, "safe": {"errors": 1.0}, "value": {"errors": 0.5}}

"""An incident's way as a terminal shows it: its stages, and the times between them."""

from loopwright.app.trace_times import Course
from loopwright.cli.render import line, table
from loopwright.core.clock import SECOND, Micros, iso

_UNITS = (("d", 86_400 * SECOND), ("h", 3_600 * SECOND), ("m", 60 * SECOND), ("s", SECOND))
_LONGEST = 70


def show_course(course: Course) -> None:
    """Stages in a table, then each part in a line."""
    rows = [
        (s.name, iso(s.at)[:19], f"#{s.seq}" if s.seq else "", _after(s.since_us), s.words[:_LONGEST])
        for s in course.stages
    ]
    table(["stage", "at", "event", "after", "what"], rows)
    times = course.times
    parts = (
        ("detection", _long(times.detection_us)),
        ("retraining", _long(times.retraining_us) + _machine(times.training_s)),
        ("rollout", _long(times.rollout_us)),
        ("confirmation", _long(times.confirmation_us)),
        ("total", _long(times.total_us)),
    )
    line("; ".join(f"{name} {said}" for name, said in parts))


def _after(span: Micros | None) -> str:
    return "" if span is None else f"+{_long(span)}"


def _machine(seconds: float | None) -> str:
    return "" if seconds is None else f" ({seconds:.1f} s of the machine's time)"


def _long(span: Micros | None) -> str:
    """A span in its two greatest units, as `3d 4h`."""
    if span is None:
        return "not known"
    rest, said = abs(span), list[str]()
    for unit, size in _UNITS:
        count, rest = divmod(rest, size)
        if count:
            said.append(f"{count}{unit}")
    text = " ".join(said[:2]) or "0s"
    return f"-{text}" if span < 0 else text

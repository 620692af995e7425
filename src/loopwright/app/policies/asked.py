"""What a caller asks of a policy replay, and the way from a project's folder to the answer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import msgspec

from loopwright.app.loop_file import LoadedLoop
from loopwright.app.policies.course import Span
from loopwright.app.policies.history import History, history_of, home_with
from loopwright.app.policies.policy import DEFAULTS, policy_of
from loopwright.app.policies.replay import PolicyReplay, StartBar, replay_policies
from loopwright.app.scenario import read_scenario
from loopwright.app.workspace import Workspace
from loopwright.core.clock import parse_duration
from loopwright.errors import UsageError
from loopwright.monitoring.reference import DAY

_LEARNED_FROM = 4
"""Without --from, the first of so many equal parts of the past is what the first model is trained on."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One policy replay.

    Attributes:
        policies: Words as `policy_of` reads them; the first is what the others are compared with.
        first, last: ISO dates, the first day played and the last; None: after the first quarter, and the newest.
        scenario: A file as `replay.toml`, whose rows count as landed; None: the home's own.
        label_delay: How long after its event time a label is known, as `1d`.
        metric: What quality is measured by; None: that of the loop's performance rule.
        price: Of one training.
    """

    policies: tuple[str, ...] = DEFAULTS
    first: str | None = None
    last: str | None = None
    scenario: str | None = None
    label_delay: str = "1d"
    metric: str | None = None
    price: float = 0.0


def ask(
    project: Path, loaded: LoadedLoop, asked: Asked, *, home: Callable[[], Workspace], start: StartBar
) -> PolicyReplay:
    """Play the policies.

    Args:
        project: The project's folder.
        loaded: Its loop file.
        asked: What is wanted.
        home: Opens the project's own home, where no scenario is given.
        start: See `replay_policies`.

    Raises:
        UsageError: Something of what is asked cannot be, or the past is too short for it.
    """
    policies = [policy_of(word, loaded.loop) for word in asked.policies]
    delay_us = _duration(asked.label_delay)
    with _opened(project, loaded, asked, home=home) as workspace:
        history = history_of(workspace, loaded, delay_us=delay_us)
        return replay_policies(
            history,
            policies,
            span_of(history, asked.first, asked.last),
            metric=asked.metric,
            price=asked.price,
            clock=workspace.machine,
            start=start,
        )


def span_of(history: History, first: str | None, last: str | None) -> Span:
    """The days to play: see `Asked`.

    Raises:
        UsageError: A date is none, or there is no day between them.
    """
    oldest, newest = int(history.at[0]) // DAY, int(history.at[-1]) // DAY
    begin = oldest + (newest + 1 - oldest) // _LEARNED_FROM if first is None else _day(first, "--from")
    end = newest + 1 if last is None else min(_day(last, "--to"), newest) + 1
    if not oldest < begin < end:
        raise UsageError(
            "there is no past to play between these dates",
            why=f"labelled rows reach from {date.fromordinal(_ORDINAL + oldest)} to "
            f"{date.fromordinal(_ORDINAL + newest)}, and the first model needs some before the first day",
            fix="Give --from and --to within them.",
        )
    return Span(first=begin, end=end)


_ORDINAL = date(1970, 1, 1).toordinal()


def _day(text: str, option: str) -> int:
    try:
        return date.fromisoformat(text).toordinal() - _ORDINAL
    except ValueError as error:
        raise UsageError(f"{option} {text!r} is no date", fix="Write it as 2013-04-01.") from error


def _duration(text: str) -> int:
    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"--label-delay {text!r} is no duration", why=str(error), fix="Write 1d or 6h.") from error


@contextmanager
def _opened(project: Path, loaded: LoadedLoop, asked: Asked, *, home: Callable[[], Workspace]) -> Iterator[Workspace]:
    if asked.scenario is not None:
        with home_with(project, loaded, read_scenario(project / asked.scenario)) as workspace:
            yield workspace
        return
    workspace = home()
    try:
        yield workspace
    finally:
        workspace.close()

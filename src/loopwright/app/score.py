"""A table that is scored again and again, as a loop file declares it."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Literal

from loopwright.app.cron import Cron
from loopwright.errors import UsageError


@dataclass(frozen=True, slots=True)
class Score:
    """Score a table by a schedule, with the version that is champion then.

    Args:
        name: Unique in the loop.
        source: What is scored: a file, a glob, a folder, an object store's URL, or a database. `{date}` and `{time}`
            become those of the schedule, as 2026-01-31 and 0300.
        output: Where answers go, in the same forms; what an earlier time left there is replaced.
        schedule: When, as `lw.cron("0 4 * * *")`. Times that were missed are made up for once.
        model: An alias of the loop's model, or the beginning of a version's digest.
        query: What is read of a database.
        table: Where in a database answers go.
        keep: Columns of the source that are written beside each answer.
        policy: `refuse` or `flag` rows outside the contract; as the setting `door_policy` says where None.
        as_of: Joined features as of each row's `event` time, or `now`; where None, of the event time if rows have one.
    """

    name: str
    _: KW_ONLY
    source: str
    output: str
    schedule: Cron
    model: str = "champion"
    query: str | None = None
    table: str | None = None
    keep: Sequence[str] | None = None
    policy: Literal["refuse", "flag"] | None = None
    as_of: Literal["event", "now"] | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.schedule, Cron):
            raise UsageError(
                f"the schedule of lw.Score({self.name!r}) is {self.schedule!r}",
                fix='Write schedule=lw.cron("0 4 * * *").',
            )

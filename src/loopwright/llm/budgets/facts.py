"""What the home knows of a caller that budgets and rates need."""

import msgspec

from loopwright.core.access import Rate


class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one key.

    Attributes:
        team: Whose it is; empty where nobody said.
        tokens: How many tokens it may use in a period; None: as many as one likes.
    """

    team: str = ""
    tokens: Rate | None = None


NO_FACTS = KeyFacts()


def no_facts(caller: str) -> KeyFacts:  # noqa: ARG001 - the form of what finds facts
    """Nothing is known of anybody."""
    return NO_FACTS

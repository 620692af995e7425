"""Whose documents a caller may be given: those of the team that its key belongs to."""

from loopwright.llm.budgets.facts import LedgerFacts
from loopwright.store.ledger import Ledger


class TeamOfKey:
    """Gives a caller's groups, for lists of access. Used by one thread.

    Args:
        ledger: Where keys are; asked once for each.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._facts = LedgerFacts(ledger)

    def __call__(self, caller: str) -> tuple[str, ...]:
        """The team of a key by its id, alone; nothing for a key without one, the home's token, and anybody else."""
        team = self._facts(caller).team
        return (team,) if team else ()

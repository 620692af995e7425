"""What the home knows of a caller that budgets and rates need."""

import msgspec

from loopwright.core.access import KIND, ApiKey, Rate
from loopwright.store.ledger import Ledger


class KeyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Of one key.

    Attributes:
        team: Whose it is; empty where nobody said.
        tokens: How many tokens it may use in a period; None: as many as one likes.
    """

    team: str = ""
    tokens: Rate | None = None


NO_FACTS = KeyFacts()
_KEYS_BEGIN = "key_"
_REMEMBERED = 10_000


class LedgerFacts:
    """Facts of keys as the ledger has them: what a key may use does not change once it is made. Used by one thread.

    Args:
        ledger: Where keys are; asked once for each.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[str, KeyFacts] = {}

    def __call__(self, caller: str) -> KeyFacts:
        """Facts of a key by its id; none of a caller without one."""
        found = self._known.get(caller)
        if found is None:
            if not caller.startswith(_KEYS_BEGIN):
                return NO_FACTS
            record = self._ledger.record(KIND, caller)
            if record is None:
                return NO_FACTS
            key = ApiKey.of(record.data)
            found = KeyFacts(team=key.team, tokens=key.tokens)
            if len(self._known) < _REMEMBERED:
                self._known[caller] = found
        return found

"""One account of a budget: what one key, user, team … has taken of its limit in one period.

It is one value in the key-value store, changed by compare-and-set, so that taking a slice and noting who holds it are
one step: a process that is killed leaves either both behind or neither.
"""

from collections.abc import Callable

import msgspec

from loopwright.core.clock import SECOND, Micros
from loopwright.core.codec import from_json, to_json
from loopwright.core.hashing import digest_bytes
from loopwright.errors import StoreBusyError
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.budgets.period import Period
from loopwright.llm.budgets.slices import slice_of
from loopwright.store.kv import KeyValues

PREFIX = "budget/"
_KEPT_AFTER: Micros = 40 * 86_400 * SECOND
_TRIES = 500
_LONGEST_SUBJECT_BYTES = 96


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an account.

    Attributes:
        subject: Whose; empty for everybody together, or for calls that name nobody.
        spent: By holders that are gone, less what was credited.
        leases: What each process that is alive may spend, all that it has spent so far among it.
        told: Of which shares of the limit an event has told: `warn`, `limit`.
    """

    subject: str = ""
    spent: int = 0
    leases: dict[str, int] = {}
    told: tuple[str, ...] = ()

    @property
    def taken(self) -> int:
        """Spent, or in the hands of a process."""
        return self.spent + sum(self.leases.values())


class Slice(msgspec.Struct, frozen=True, kw_only=True):
    """What a process got: `granted` more, so that its lease is `leased`; `left` to nobody, `account` being as it is
    now."""

    granted: int
    leased: int
    left: int
    account: Account


def known_as(subject: str) -> str:
    """How a subject is written down: one that is long or cannot be printed by its digest."""
    written = subject.encode("utf-8", "surrogatepass")
    if len(written) <= _LONGEST_SUBJECT_BYTES and subject.isprintable():
        return subject
    return f"blake3:{digest_bytes(written)[:32]}"


def account_key(budget: Budget, period: Period, subject: str) -> str:
    """Under which key the account of a subject, as it is written down, lies."""
    return f"{account_prefix(budget, period)}{subject}"


def account_prefix(budget: Budget, period: Period) -> str:
    """How the keys of all accounts of a budget in a period begin."""
    return f"{PREFIX}{budget.name}/{budget.per}-{budget.unit}/{period.label}/"


class Accounts:
    """The accounts of a home. Safe from several threads and processes; blocks.

    Raises (any method): StoreBusyError, NoSpaceError, NoPermissionError.
    """

    def __init__(self, kv: KeyValues) -> None:
        self._kv = kv

    def read(self, keys: list[str]) -> dict[str, Account]:
        """Those that are there."""
        return {key: from_json(value, Account) for key, value in self._kv.get_many(keys).items()}

    def of(self, budget: Budget, period: Period) -> dict[str, Account]:
        """All accounts of a budget in a period, by key."""
        return self.read(self._kv.keys(account_prefix(budget, period)))

    def take(
        self, key: str, holder: str, *, subject: str, wanted: int, least: int, limit: int, ends_at: Micros
    ) -> Slice:
        """Take a slice, durably, or nothing where less than `least` is left.

        Args:
            key: The account's.
            holder: Who takes.
            subject: Whose account it is.
            wanted: What is needed now.
            least: What is of any use.
            limit: Of the budget.
            ends_at: End of the period; the account is forgotten some weeks after.
        """
        granted = 0

        def change(account: Account) -> Account:
            nonlocal granted
            holders = len(account.leases | {holder: 0})
            left = limit - account.taken
            granted = slice_of(wanted=wanted, least=least, left=left, limit=limit, holders=holders)
            held = account.leases.get(holder, 0) + granted
            return msgspec.structs.replace(account, subject=subject, leases=account.leases | {holder: held})

        account = self._change(key, change, ends_at)
        return Slice(granted=granted, leased=account.leases[holder], left=limit - account.taken, account=account)

    def set_lease(self, key: str, holder: str, leased: int, *, ends_at: Micros) -> Account:
        """Say what a holder has from now on: less, where it gives some back; more, whatever the limit, where a call
        took more than was set aside for it."""

        def change(account: Account) -> Account:
            return msgspec.structs.replace(account, leases=account.leases | {holder: leased})

        return self._change(key, change, ends_at)

    def end_lease(self, key: str, holder: str, spent: int, *, ends_at: Micros) -> Account:
        """Count what a holder spent, and free the rest; nothing where it holds nothing, so that twice is once."""

        def change(account: Account) -> Account:
            if holder not in account.leases:
                return account
            others = {name: leased for name, leased in account.leases.items() if name != holder}
            return msgspec.structs.replace(account, spent=account.spent + spent, leases=others)

        return self._change(key, change, ends_at)

    def credit(self, key: str, amount: int, *, ends_at: Micros) -> Account:
        """Count so much less as spent; what processes count themselves stays, so that `spent` may fall below 0."""

        def change(account: Account) -> Account:
            return msgspec.structs.replace(account, spent=account.spent - amount)

        return self._change(key, change, ends_at)

    def tell(self, key: str, what: str, *, ends_at: Micros) -> bool:
        """Note that an event tells of something; False where one has."""
        first = False

        def change(account: Account) -> Account:
            nonlocal first
            first = what not in account.told
            return msgspec.structs.replace(account, told=(*account.told, what)) if first else account

        self._change(key, change, ends_at)
        return first

    def _change(self, key: str, change: Callable[[Account], Account], ends_at: Micros) -> Account:
        for _ in range(_TRIES):
            before = self._kv.get_many([key]).get(key)
            account = Account() if before is None else from_json(before, Account)
            after = change(account)
            if after == account:
                return account
            if self._kv.compare_and_set(key, before, to_json(after), expires_at=ends_at + _KEPT_AFTER):
                return after
        raise StoreBusyError(f"the account {key} was changed by others all the time", account=key)

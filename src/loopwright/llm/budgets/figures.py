"""How an account stands right now: what is spent, what is set aside, what lies idle in a process's hands."""

from collections.abc import Mapping
from pathlib import Path

import msgspec

from loopwright.llm.budgets.account import Account
from loopwright.llm.budgets.counters import SUFFIX, Counted, ask_for, counters_in

Holders = Mapping[str, Mapping[str, Counted]]
"""By process, then by account: what its file counts."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """In the budget's unit.

    Attributes:
        spent: By calls that have ended, and by calls that were under way in a process that was killed.
        held: Set aside for calls under way.
        idle: Leased to processes and neither spent nor set aside; free again within seconds.
    """

    spent: int
    held: int
    idle: int


def read_holders(folder: Path) -> dict[str, dict[str, Counted]]:
    """What every process of this machine counts. Reads files only."""
    found = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        _, counted = counters_in(path)
        found[path.name.removesuffix(SUFFIX)] = {one.key: one for one in counted}
    return found


def figures_of(key: str, account: Account, holders: Holders) -> Figures:
    """One account's figures. What a process has whose file is not here counts as spent."""
    spent, held, idle = account.spent, 0, 0
    for holder, leased in account.leases.items():
        counted = holders.get(holder, {}).get(key)
        if counted is None:
            spent += leased
            continue
        spent += counted.spent
        held += counted.reserved
        idle += max(leased - counted.spent - counted.reserved, 0)
    return Figures(spent=spent, held=held, idle=idle)


def ask_for_idle(folder: Path, key: str, account: Account, *, but: str) -> int:
    """Ask every other process for what lies idle there; returns how much that is. Blocks."""
    idle = 0
    for holder, leased in account.leases.items():
        path = folder / f"{holder}{SUFFIX}"
        if holder == but:
            continue
        _, found = counters_in(path)
        for counted in found:
            if counted.key == key and leased > counted.spent + counted.reserved:
                idle += leased - counted.spent - counted.reserved
                ask_for(path, counted.place)
    return idle

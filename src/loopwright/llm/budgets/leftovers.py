"""What processes that were killed have left: their leases are ended with what their counters say."""

import fcntl
import logging
import os
from pathlib import Path

from loopwright.llm.budgets.account import Accounts
from loopwright.llm.budgets.counters import SUFFIX, boot, counters_in

_LOG = logging.getLogger("loopwright.budgets")


def end_leftovers(folder: Path, accounts: Accounts) -> int:
    """End the leases of every process that is no longer alive; returns how many processes there were.

    What such a process had spent is counted, and what it had set aside for calls under way as well, since nobody knows
    what those took; the rest of its leases is free again. Any process may do this, several at once, and again after it
    was killed itself: each lease ends once. Blocks.

    Raises:
        StoreBusyError, NoSpaceError, NoPermissionError: The rest is left for the next time.
    """
    ended = 0
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        ended += _end(path, accounts)
    return ended


def _end(path: Path, accounts: Accounts) -> bool:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False  # it lives, or someone else is at it
    else:
        _end_leases(path, accounts)
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(file)


def _end_leases(path: Path, accounts: Accounts) -> None:
    holder = path.name.removesuffix(SUFFIX)
    written_under, counted = counters_in(path)
    # After a crash of the machine the counters may be behind: then all of a lease counts as spent.
    trusted = written_under == boot()
    found = accounts.read([one.key for one in counted])
    for one in counted:
        leased = found[one.key].leases.get(holder) if one.key in found else None
        if leased is not None:
            spent = one.spent + one.reserved if trusted else max(leased, one.spent + one.reserved)
            accounts.end_lease(one.key, holder, spent, ends_at=one.ends_at)
    if counted:
        _LOG.warning("a process that kept %d accounts of budgets was gone; they are settled (%s)", len(counted), holder)

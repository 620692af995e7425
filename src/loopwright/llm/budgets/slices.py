"""How much of a budget a process takes at a time. Pure."""

_MOST_SHARE = 20
_OF_WHAT_IS_LEFT = 4


def slice_of(*, wanted: int, least: int, left: int, limit: int, holders: int) -> int:
    """What to take so that most calls need not ask the store, and little lies idle.

    A slice is at most a twentieth of the limit, and at most a quarter of this process's share of what is left: slices
    shrink as the limit comes near, so that several processes can use all of it.

    Args:
        wanted: What the calls that wait need together.
        least: What the most modest of them needs; less than that is of no use.
        left: What nobody has taken.
        limit: The budget's.
        holders: Processes that hold a part, this one among them.

    Returns:
        0 where nothing useful is left.
    """
    if left < least:
        return 0
    ahead = min(limit // _MOST_SHARE, left // (_OF_WHAT_IS_LEFT * max(holders, 1)))
    return min(left, max(wanted, ahead))

"""What the process of a version on probation gives up before it loads anything.

Memory: the kernel refuses what goes past the limit. CPU: a lower priority. Time: a batch that takes too long ends the
process, by a timer of the kernel that no code of the model can hold up. Network: none, where the kernel allows that
without rights. What is not isolated: it runs as the same user, so it can read that user's files and signal that
user's processes; who must be kept from that runs Loopwright under a user of its own.
"""

import contextlib
import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

_NICER = 2
_MB = 1 << 20
_SLACK_MB = 256
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


def limit_memory(megabytes: int) -> None:
    """Let the kernel refuse memory beyond a limit; the supervisor, who sees what is in use, kills a little earlier.

    Args:
        megabytes: Of writable private memory, from which libraries reserve more than they use; 0: no limit.
    """
    if megabytes and sys.platform == "linux":
        most = (megabytes + _SLACK_MB) * _MB
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def yield_cpu() -> None:
    """Give way to the champion where both want the processor."""
    with contextlib.suppress(OSError):
        os.nice(_NICER)


def without_network() -> bool:
    """Move this process to a network namespace of its own, in which there is no network.

    Must be called before the process has a second thread. A Unix socket of the file system is reached as before.

    Returns:
        Whether the kernel allowed it.
    """
    if sys.platform != "linux":
        return False
    kernel = ctypes.CDLL(None)
    if kernel.unshare(_CLONE_NEWNET) == 0:
        return True
    user, group = os.getuid(), os.getgid()
    mappable = os.access("/proc/self/uid_map", os.W_OK)  # else this process could own no file afterwards
    if not mappable or kernel.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    with contextlib.suppress(OSError):
        Path("/proc/self/setgroups").write_bytes(b"deny")
        Path("/proc/self/gid_map").write_bytes(b"%d %d 1" % (group, group))
    Path("/proc/self/uid_map").write_bytes(b"%d %d 1" % (user, user))
    return True


@contextlib.contextmanager
def ended_after(seconds: float) -> Iterator[None]:
    """End the process, by SIGALRM, where the block takes longer; 0: it may take for ever."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)

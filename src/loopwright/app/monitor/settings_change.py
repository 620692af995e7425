"""Settings that were changed between two processes: told in the journal by name, so that a root cause can name them."""

from collections.abc import Mapping

from loopwright.core.clock import Micros
from loopwright.core.events import EventDraft
from loopwright.core.hashing import digest_bytes
from loopwright.core.settings import Settings


def settings_digests(settings: Settings) -> dict[str, str]:
    """A short digest of each setting's value; the values themselves may be secrets."""
    return {name: digest_bytes(f"{name}={value}".encode())[:16] for name, value in sorted(settings.values.items())}


def settings_event(before: Mapping[str, str], after: Mapping[str, str], *, now: Micros) -> EventDraft | None:
    """What the journal says of the difference; None where there is none, or nothing is known of before."""
    names = [name for name in after if name in before and after[name] != before[name]]
    if not names:
        return None
    return EventDraft(
        kind="settings_changed",
        subject="settings:project",
        data={"settings": names},
        actor="monitor",
        logical_at=now,
    )

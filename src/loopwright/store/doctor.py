"""Looks a home over: is everything that the journal tells of there, whole, and in safe hands?"""

import os
import shutil
import stat
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from loopwright.core.hashing import Digest
from loopwright.core.verdict import Outcome, Verdict
from loopwright.errors import LoopwrightError
from loopwright.store.blobs import Blobs
from loopwright.store.journal import Anchor, verify_chain
from loopwright.store.open_stores import HOME_FILE, HOME_FORMAT, LEDGER_FILE, TOKEN_FILE, Stores, read_home
from loopwright.store.reachable import reachable

FREE_WARN_BYTES = 1 << 30
FREE_FAIL_BYTES = 64 << 20
_SAMPLE = 200
_SHOWN = 10


def check_home(stores: Stores, *, deep: bool = False, anchor: Anchor | None = None) -> tuple[Verdict, ...]:
    """Every check's verdict. It changes nothing, and a check that cannot be made is *unknown*.

    Args:
        stores: The open home.
        deep: Read every blob; otherwise 200 of them, and all that refs need are only looked for.
        anchor: A tip of the journal that was kept outside the home.
    """
    checks: Sequence[tuple[str, Callable[[], Verdict]]] = (
        ("home_format", lambda: _format(stores.home)),
        ("journal_chain", lambda: _chain(stores, anchor)),
        ("needed_blobs", lambda: _needed(stores)),
        ("blob_content", lambda: _content(stores.blobs, deep=deep)),
        ("table_segments", lambda: _segments(stores.home / "tables")),
        ("permissions", lambda: _permissions(stores.home)),
        ("free_disk", lambda: _free(stores.home)),
    )
    return tuple(_judged(name, check) for name, check in checks)


def _judged(name: str, check: Callable[[], Verdict]) -> Verdict:
    try:
        return check()
    except LoopwrightError as error:
        reason = f"{error.what}: {error.why}" if error.why else error.what
        return Verdict(check=name, outcome=Outcome.FAIL, reason=reason, details=error.as_dict())
    except OSError as error:
        return Verdict(check=name, outcome=Outcome.UNKNOWN, reason=str(error))


def _format(home: Path) -> Verdict:
    about = read_home(home)
    reason = (
        f"format {about.format}, as this version writes" if about.format == HOME_FORMAT else f"format {about.format}"
    )
    return Verdict(check="home_format", outcome=Outcome.PASS, reason=reason, value=float(about.format))


def _chain(stores: Stores, anchor: Anchor | None) -> Verdict:
    count = verify_chain(stores.ledger, anchor=anchor)
    anchored = "the anchor is among them" if anchor else "without an anchor a journal written anew would not show"
    reason = f"{count} events follow one another; {anchored}"
    return Verdict(check="journal_chain", outcome=Outcome.PASS, reason=reason, n=count)


def _needed(stores: Stores) -> Verdict:
    found = reachable(stores.blobs, stores.ledger)
    total = len(found.present) + len(found.absent)
    if found.absent:
        lost = [f"{digest[:12]}… (by {by})" for digest, by in sorted(found.absent.items())]
        reason = f"{len(lost)} of {total} blobs that refs need are not there: {', '.join(lost[:_SHOWN])}"
        return Verdict(check="needed_blobs", outcome=Outcome.FAIL, reason=reason, n=total, value=float(len(lost)))
    if found.unknown:
        refs = ", ".join(sorted(found.unknown)[:_SHOWN])
        reason = f"{len(found.unknown)} refs point to what is neither a blob nor a record: {refs}"
        return Verdict(check="needed_blobs", outcome=Outcome.FAIL, reason=reason, n=total)
    return Verdict(
        check="needed_blobs", outcome=Outcome.PASS, reason=f"{total} blobs that refs need are there", n=total
    )


def _content(blobs: Blobs, *, deep: bool) -> Verdict:
    # Digests are spread evenly, so that the first in order are a fair sample.
    digests = list(blobs.list() if deep else islice(blobs.list(), _SAMPLE))
    damaged = [digest for digest in digests if not _is_whole(blobs, digest)]
    looked = f"all {len(digests)} blobs" if deep else f"{len(digests)} blobs looked at"
    if damaged:
        reason = f"{len(damaged)} of {looked} do not match their digest: {', '.join(damaged[:_SHOWN])}"
        return Verdict(check="blob_content", outcome=Outcome.FAIL, reason=reason, n=len(digests))
    return Verdict(check="blob_content", outcome=Outcome.PASS, reason=f"{looked} match their digest", n=len(digests))


def _is_whole(blobs: Blobs, digest: Digest) -> bool:
    try:
        blobs.get(digest)
    except LoopwrightError as error:
        return error.code == "LW403"  # deleted between listing and reading
    return True


def _segments(tables: Path) -> Verdict:
    segments = sorted(tables.glob("*/open/*.jsonl"))
    torn = [path for path in segments if _is_torn(path)]
    if torn:
        names = ", ".join(str(path.relative_to(tables)) for path in torn[:_SHOWN])
        reason = f"{len(torn)} segments end in a row whose writer was killed, which no reader sees: {names}"
        return Verdict(check="table_segments", outcome=Outcome.WARN, reason=reason, n=len(segments))
    reason = f"{len(segments)} open segments end in a whole row"
    return Verdict(check="table_segments", outcome=Outcome.PASS, reason=reason, n=len(segments))


def _is_torn(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            if not file.seek(0, os.SEEK_END):
                return False
            file.seek(-1, os.SEEK_END)
            return file.read(1) != b"\n"
    except FileNotFoundError:
        return False  # sealed between listing and reading


def _permissions(home: Path) -> Verdict:
    denied = [name for name in (".", HOME_FILE, LEDGER_FILE, "blobs", "tables") if not os.access(home / name, os.R_OK)]
    locked = [name for name in (".", LEDGER_FILE, "blobs", "tables") if not os.access(home / name, os.W_OK)]
    if denied or locked:
        reason = f"this user may not use {', '.join(dict.fromkeys(denied + locked))} in {home}"
        return Verdict(check="permissions", outcome=Outcome.FAIL, reason=reason)
    token = home / TOKEN_FILE
    if not token.is_file():
        return Verdict(check="permissions", outcome=Outcome.FAIL, reason=f"{token} is not there")
    mode = stat.S_IMODE(token.stat().st_mode)
    if mode & 0o077:
        reason = f"{token} may be read by others (mode {mode:04o}); run chmod 600 on it"
        return Verdict(check="permissions", outcome=Outcome.FAIL, reason=reason)
    return Verdict(
        check="permissions", outcome=Outcome.PASS, reason="the home can be written, the token is this user's"
    )


def _free(home: Path) -> Verdict:
    free = shutil.disk_usage(home).free
    outcome = Outcome.PASS if free >= FREE_WARN_BYTES else Outcome.WARN if free >= FREE_FAIL_BYTES else Outcome.FAIL
    return Verdict(
        check="free_disk",
        outcome=outcome,
        reason=f"{free / 2**30:.1f} GiB free",
        value=float(free),
        threshold=float(FREE_WARN_BYTES),
    )

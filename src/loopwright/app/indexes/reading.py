"""Indexes by name, open for reading: a champion that moves is followed, and one that is open stays open."""

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from loopwright.core.hashing import Digest
from loopwright.errors import NotFoundError
from loopwright.llm.retrieval.version import IndexVersion, open_version
from loopwright.store.blobs import Blobs
from loopwright.store.ledger import Ledger

_OPEN = 8


class Indexes:
    """The champions of a home's indexes. Safe from several threads.

    Args:
        ledger: Says which versions they are.
        blobs: Where versions lie.
        namespace: Of the names.
        cache: Where embedders keep the files that they make.
    """

    def __init__(self, ledger: Ledger, blobs: Blobs, *, namespace: str, cache: Path) -> None:
        self._ledger = ledger
        self._blobs = blobs
        self._prefix = f"{namespace}/index/"
        self._cache = cache
        self._open: OrderedDict[Digest, IndexVersion] = OrderedDict()
        self._lock = Lock()

    def champion(self, name: str) -> IndexVersion:
        """The version that the name stands for now.

        Raises:
            NotFoundError: The index has no champion.
            BlobMissingError, BlobCorruptError: It is not whole.
        """
        target = None if "@" in name or "/" in name else self._ledger.ref(f"{self._prefix}{name}@champion")
        if target is None:
            raise NotFoundError(
                f"there is no index {name[:100]!r}", fix="`loopwright index list` names those that have a champion."
            )
        return self.version(target)

    def version(self, digest: Digest) -> IndexVersion:
        """A version, opened once; the eight that were asked for last stay open."""
        with self._lock:
            found = self._open.get(digest)
            if found is None:
                found = self._open[digest] = open_version(self._blobs, digest, run=self._cache)
                if len(self._open) > _OPEN:
                    self._open.popitem(last=False)
            self._open.move_to_end(digest)
            return found

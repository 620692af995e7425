"""A home whose endpoint `flights` answers with the model of the comparison: `python loopwright_home.py FOLDER`.

The contract gives each of the 20 numbers a range, which every request is checked against.
"""

import sys
from pathlib import Path

from model import NAMES, trained

from loopwright.core.clock import SystemClock
from loopwright.core.ids import random_id
from loopwright.core.schema import Column, Signature
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.store.ledger import Record
from loopwright.store.open_stores import create_home, open_stores


def main() -> None:
    home = Path(sys.argv[1])
    create_home(home, ids=random_id, clock=SystemClock())
    stores = open_stores(home, clock=SystemClock(), ids=random_id)
    columns = tuple(Column(name=name, kind="float", minimum=-100, maximum=100) for name in NAMES)
    signature = Signature(task="binary", request=columns, features=columns, classes=(False, True))
    parts = {"model": put_value(stores.blobs, trained())}
    manifest = Manifest(
        kind="model", parts=parts, entry="model", signature=signature, example=dict.fromkeys(NAMES, 0.0)
    )
    version = put_bundle(stores.blobs, manifest)
    arms = [{"name": "champion", "role": "champion", "version": version, "share": 1.0}]
    data = {"endpoint": "flights", "revision": 1, "release": None, "arms": arms}
    stores.ledger.commit(
        moves={"default/endpoint/flights@arms": "arms-1"}, records=[Record(kind="arms", id="arms-1", data=data)]
    )
    stores.close()


if __name__ == "__main__":
    main()

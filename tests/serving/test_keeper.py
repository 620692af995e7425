"""Both kinds of endpoints are kept through one form."""

from loopwright.serving.applications.keeper import ApplicationKeeper
from loopwright.serving.keeper import Keeper
from loopwright.serving.model_keeper import ModelKeeper


def test_every_keeper_has_the_whole_form():
    form = {name for name in vars(Keeper) if not name.startswith("_")} - {"name"}
    assert form == {"kept", "load", "switch", "heed", "watch", "close"}
    for kind in (ApplicationKeeper, ModelKeeper):
        assert form <= set(vars(kind))

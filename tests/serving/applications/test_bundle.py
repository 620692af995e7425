"""Bundles of applications, read without extracting anything."""

import pytest
from tests.serving.applications.stage import UPSTREAM, bundle

from loopwright.errors import ModelLoadError
from loopwright.llm.application import Application
from loopwright.llm.route import Route
from loopwright.release.routing import Arms
from loopwright.serving.applications.bundle import answers_by_application, is_application, read_application
from loopwright.store.backends.memory_blobs import MemoryBlobs
from loopwright.store.backends.memory_ledger import MemoryLedger
from loopwright.store.ledger import Record
from loopwright.testing.clocks import ManualClock

MADE = Application(route=Route(upstreams=(UPSTREAM,)))


def test_an_application_is_read_as_it_was_declared_with_the_index_that_it_pins():
    blobs = MemoryBlobs()
    version = bundle(blobs, MADE, index={"index": "docs", "version": "d" * 64})
    assert read_application(blobs, version) == (MADE, "d" * 64)
    assert is_application(blobs, version)


def test_what_is_none_says_so():
    blobs = MemoryBlobs()
    with pytest.raises(ModelLoadError):
        read_application(blobs, "0" * 64)
    with pytest.raises(ModelLoadError, match="cannot be read"):
        read_application(blobs, blobs.put(b"{}"))


def test_an_endpoint_is_an_applications_by_its_champion():
    blobs, ledger = MemoryBlobs(), MemoryLedger(clock=ManualClock())
    ref = "default/endpoint/support@arms"
    assert not answers_by_application(ledger, blobs, ref)
    arms = Arms.only_champion("support", bundle(blobs, MADE))
    ledger.commit(moves={ref: "one"}, records=[Record(kind="arms", id="one", data=arms.to_json())])
    assert answers_by_application(ledger, blobs, ref)
    missing = Arms.only_champion("support", "0" * 64)
    ledger.commit(moves={ref: "two"}, records=[Record(kind="arms", id="two", data=missing.to_json())])
    assert not answers_by_application(ledger, blobs, ref)

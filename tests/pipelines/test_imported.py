import importlib
import json
import os
import sys

import pytest

from loopwright.core.hashing import digest_file
from loopwright.pipelines.imported import RecordedLoader, RecordingFinder, imported_digest, record_imports


@pytest.fixture
def recording(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    record_imports()
    yield tmp_path
    sys.modules.pop("recorded_module", None)


def test_the_digest_of_what_was_imported_is_kept_when_the_file_changes(recording):
    path = recording / "recorded_module.py"
    path.write_text("A = 1")
    digest = digest_file(path)
    module = importlib.import_module("recorded_module")
    path.write_text("A = 2")
    assert module.A == 1
    assert imported_digest(module) == digest
    assert isinstance(module.__loader__, RecordedLoader)


def test_bytecode_of_the_same_second_is_not_taken_for_the_source(recording):
    path = recording / "recorded_module.py"
    for value in (1, 2):
        path.write_text(f"A = {value}")
        os.utime(path, ns=(10**18, 10**18))
        sys.modules.pop("recorded_module", None)
        importlib.invalidate_caches()
        assert value == importlib.import_module("recorded_module").A
    assert not (recording / "__pycache__").exists()


def test_installed_and_standard_modules_are_left_alone(recording):
    assert imported_digest(json) is None
    spec = RecordingFinder.find_spec("numpy")
    assert spec is not None
    assert not isinstance(spec.loader, RecordedLoader)
    assert RecordingFinder.find_spec("no_such_module_anywhere") is None


def test_recording_twice_is_recording_once(recording):
    record_imports()
    assert sys.meta_path.count(RecordingFinder) == 1

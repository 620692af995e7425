"""Which URLs are answered in this process."""

import pytest

from loopwright.errors import UsageError
from loopwright.llm.local_scheme import local_scheme
from loopwright.llm.route import Upstream, builtin_model


@pytest.mark.parametrize(
    ("url", "scheme"),
    [
        ("builtin:extractive", "builtin"),
        ("echo:anything?x=1", "echo"),
        ("http://127.0.0.1:1/v1", ""),
        ("https://api.example.com/v1", ""),
        ("localhost:8000/v1", ""),
        ("echo", ""),
        ("echo:", ""),
        ("", ""),
    ],
)
def test_only_schemes_of_installed_packages_are_local(local_models: object, url: str, scheme: str) -> None:
    assert local_scheme(url) == scheme


def test_an_upstream_may_be_local_and_a_typing_error_is_not(local_models: object) -> None:
    assert Upstream(name="mine", url="echo:here", model="m").url == "echo:here"
    assert local_scheme(builtin_model().url) == "builtin"
    with pytest.raises(UsageError, match="localhost:8000"):
        Upstream(name="mine", url="localhost:8000/v1", model="m")


def test_without_the_package_its_scheme_is_refused() -> None:
    with pytest.raises(UsageError, match="nobody:here"):
        Upstream(name="mine", url="nobody:here", model="m")

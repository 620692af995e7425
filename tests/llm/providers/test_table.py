import pytest

from loopwright.errors import NotFoundError
from loopwright.llm.provider import Provider
from loopwright.llm.providers.table import provider_of


@pytest.mark.parametrize(("api", "name"), [("openai", "openai"), ("anthropic", "anthropic"), ("gemini", "gcp.gemini")])
def test_every_protocol_has_one_provider_that_all_calls_share(api, name):
    assert isinstance(provider_of(api), Provider)
    assert provider_of(api).name == name
    assert provider_of(api) is provider_of(api)


def test_a_protocol_that_nobody_speaks_is_named_with_those_that_are_spoken():
    with pytest.raises(NotFoundError) as caught:
        provider_of("cohere")
    assert "cohere" in caught.value.what
    assert "anthropic, gemini, openai" in caught.value.why

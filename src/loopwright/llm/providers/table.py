"""Every provider, by the name that a route's upstream gives for its protocol."""

from loopwright.errors import NotFoundError
from loopwright.llm.provider import Provider
from loopwright.llm.providers.anthropic import AnthropicProvider
from loopwright.llm.providers.careful_provider import CarefulProvider
from loopwright.llm.providers.gemini import GeminiProvider
from loopwright.llm.providers.openai import OpenAIProvider

_PROVIDERS: dict[str, Provider] = {
    "anthropic": CarefulProvider(AnthropicProvider()),
    "gemini": CarefulProvider(GeminiProvider()),
    "openai": CarefulProvider(OpenAIProvider()),
}


def provider_of(api: str) -> Provider:
    """The provider that speaks this protocol; they have no state, so all calls share one.

    Raises:
        NotFoundError: There is none.
    """
    provider = _PROVIDERS.get(api)
    if provider is None:
        raise NotFoundError(
            f"no provider speaks {api!r}", why=f"there are: {', '.join(sorted(_PROVIDERS))}",
            fix="Give the upstream one of these as its api; any OpenAI-compatible gateway is `openai`.",
        )  # fmt: skip
    return provider

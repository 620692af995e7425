"""OpenAI's completions as chats: the prompt is what the user says."""

from collections.abc import Mapping
from typing import Any

from loopwright.llm.protocols.unsayable import refuse, unsayable

_CHAT = "a chat"
_REFUSED = ("suffix", "echo", "logprobs")


def chat_of_completion(body: Mapping[str, Any]) -> dict[str, Any]:
    """The body of a chat that asks what this body of a completion asks.

    Raises:
        UpstreamRefusedError: It holds what a chat cannot say; the field is named.
    """
    refuse(body, _REFUSED, of=_CHAT)
    if (body.get("best_of") or 1) > (body.get("n") or 1):
        raise unsayable("best_of", _CHAT)
    prompt = body["prompt"]
    if isinstance(prompt, list) and len(prompt) == 1:
        prompt = prompt[0]
    if not isinstance(prompt, str):
        raise unsayable("prompt", _CHAT)
    rest = {name: value for name, value in body.items() if name not in ("prompt", "best_of", *_REFUSED)}
    return {**rest, "messages": [{"role": "user", "content": prompt}]}

"""Attributes of the dialects that programs speak, said in OpenTelemetry's GenAI conventions.

Read are the older names of the conventions themselves, OpenInference (`llm.*`, `openinference.span.kind`) and
OpenLLMetry (`traceloop.*`, `llm.*`). What is said already in the conventions' own words wins; nothing is taken away.
"""

from collections.abc import Mapping
from typing import Any

_OLDER: Mapping[str, tuple[str, ...]] = {
    "gen_ai.provider.name": ("gen_ai.system", "llm.provider", "llm.system", "llm.vendor"),
    "gen_ai.request.model": ("llm.model_name", "llm.request.model", "embedding.model_name"),
    "gen_ai.response.model": ("llm.response.model",),
    "gen_ai.usage.input_tokens": ("gen_ai.usage.prompt_tokens", "llm.token_count.prompt", "llm.usage.prompt_tokens"),
    "gen_ai.usage.output_tokens": (
        "gen_ai.usage.completion_tokens",
        "llm.token_count.completion",
        "llm.usage.completion_tokens",
    ),
    "gen_ai.usage.cache_read.input_tokens": (
        "gen_ai.usage.cache_read_input_tokens",
        "llm.token_count.prompt_details.cache_read",
    ),
    "gen_ai.conversation.id": ("session.id", "traceloop.association.properties.session_id", "langfuse.session.id"),
    "gen_ai.tool.name": ("tool.name", "traceloop.entity.name"),
    "gen_ai.tool.call.id": ("tool_call.id",),
    "user.id": ("enduser.id", "traceloop.association.properties.user_id", "langfuse.user.id"),
}
_KINDS: Mapping[str, str] = {
    "llm": "chat",
    "chat": "chat",
    "completion": "text_completion",
    "embedding": "embeddings",
    "tool": "execute_tool",
    "agent": "invoke_agent",
    "workflow": "invoke_workflow",
    "retriever": "retrieval",
}
_KIND_NAMES = ("openinference.span.kind", "traceloop.span.kind", "llm.request.type")
_OF_TOOLS = frozenset({"gen_ai.tool.name"})


def in_conventions(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with everything known under another name said in the conventions' words too."""
    said = dict(attributes)
    if "gen_ai.operation.name" not in said and (operation := _operation(attributes)):
        said["gen_ai.operation.name"] = operation
    for name, older in _OLDER.items():
        if name in _OF_TOOLS and said.get("gen_ai.operation.name") != "execute_tool":
            continue
        if name not in said and (found := next((one for one in older if one in attributes), None)):
            said[name] = attributes[found]
    return said


def _operation(attributes: Mapping[str, Any]) -> str:
    for name in _KIND_NAMES:
        if operation := _KINDS.get(str(attributes.get(name, "")).lower()):
            return operation
    return ""

"""Whatever a caller sends: an answer of the library's own, never an accident on the way."""

import json
from contextlib import suppress

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loopwright.errors import LoopwrightError
from loopwright.llm.ask import OPERATIONS
from loopwright.llm.protocols.bounds import input_bound, output_bound, with_most_tokens
from loopwright.llm.protocols.chat import as_chat, history_of, question_of
from loopwright.llm.protocols.reading import read_ask
from loopwright.llm.protocols.texts import texts_of, with_texts
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Upstream

UPSTREAM = Upstream(name="a", url="http://h/v1", model="m")
NAMES = st.sampled_from([
    "content", "type", "text", "source", "image_url", "url", "file", "file_data", "input_audio", "data", "tool_calls",
    "function", "name", "arguments", "input", "output", "id", "tool_use_id", "call_id", "summary", "title", "schema",
    "format", "effort", "json_schema", "budget_tokens", "user_id", "parameters", "extra_content", "google",
])  # fmt: skip
WORDS = st.sampled_from([
    "text", "image", "document", "tool_result", "tool_use", "image_url", "input_text", "input_image", "function",
    "function_call", "function_call_output", "message", "json_schema", "base64", "url", "auto", "tool", "file", "x",
    "{}", "data:image/png;base64,AAAA", "data:text/plain,x", "input_file", "thinking", "enabled", "",
])  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 5000) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
ROLES = st.sampled_from(["user", "assistant", "system", "tool", "developer", "odd"])
TURNS = st.lists(
    st.builds(lambda role, rest: {"role": role, **rest}, ROLES, st.dictionaries(NAMES, VALUES, max_size=3)), max_size=3
)
FIELDS = st.dictionaries(
    st.sampled_from([
        "tools", "tool_choice", "stop", "stop_sequences", "system", "instructions", "metadata", "thinking", "text",
        "output_config", "reasoning", "response_format", "stream_options", "temperature", "user", "prompt", "input",
        "variables", "include", "seed", "n", "modalities", "reasoning_effort", "generationConfig", "dimensions",
    ]),
    VALUES | st.lists(st.dictionaries(NAMES | st.just("type"), VALUES, max_size=3), max_size=2),
    max_size=3,
)  # fmt: skip


@given(TURNS, FIELDS, st.sampled_from(OPERATIONS), st.booleans())
@settings(deadline=None, max_examples=400, suppress_health_check=list(HealthCheck))
def test_every_request_that_is_read_is_translated_or_refused(turns, fields, operation, stream):
    body = {"model": "m", "messages": turns, "input": turns, "prompt": "p", "max_tokens": 5, "stream": stream, **fields}
    with suppress(LoopwrightError):
        ask = read_ask(operation, json.dumps(body).encode())
        assert input_bound(ask) >= len(ask.raw) - 50
        assert output_bound(with_most_tokens(ask, 3)) is not None
        texts = texts_of(ask)
        assert texts_of(with_texts(ask, texts)) == texts
        for api in ("openai", "anthropic", "gemini"):
            provider = provider_of(api)
            with suppress(LoopwrightError):
                if provider.takes(operation):
                    json.loads(provider.request(UPSTREAM, ask, "k").body)
        chat = as_chat(ask)
        question_of(chat)
        history_of(chat)

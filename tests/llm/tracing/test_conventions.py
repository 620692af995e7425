"""Dialects of attributes."""

from loopwright.llm.tracing.conventions import in_conventions


def test_openinference_is_said_in_the_conventions_words() -> None:
    said = in_conventions(
        {
            "openinference.span.kind": "LLM",
            "llm.model_name": "gpt-5",
            "llm.token_count.prompt": 12,
            "llm.token_count.completion": 3,
            "session.id": "s1",
        }
    )
    assert said["gen_ai.operation.name"] == "chat"
    assert said["gen_ai.request.model"] == "gpt-5"
    assert (said["gen_ai.usage.input_tokens"], said["gen_ai.usage.output_tokens"]) == (12, 3)
    assert said["gen_ai.conversation.id"] == "s1"
    assert said["llm.model_name"] == "gpt-5"  # nothing is taken away


def test_openllmetry_names_a_tool_and_only_a_tool_gets_that_name() -> None:
    tool = in_conventions({"traceloop.span.kind": "tool", "traceloop.entity.name": "search"})
    assert (tool["gen_ai.operation.name"], tool["gen_ai.tool.name"]) == ("execute_tool", "search")
    agent = in_conventions({"traceloop.span.kind": "agent", "traceloop.entity.name": "planner"})
    assert (agent["gen_ai.operation.name"], "gen_ai.tool.name" in agent) == ("invoke_agent", False)


def test_what_is_said_in_the_conventions_words_wins() -> None:
    said = in_conventions({"gen_ai.provider.name": "openai", "gen_ai.system": "az", "gen_ai.usage.input_tokens": 5,
                           "gen_ai.usage.prompt_tokens": 9})  # fmt: skip
    assert (said["gen_ai.provider.name"], said["gen_ai.usage.input_tokens"]) == ("openai", 5)

"""Requests and answers that tests of the cache ask with."""

import json

from loopwright.llm.ask import Ask, Reply


def chat(question="How do I reset my password?", *, system="You help.", history=(), **fields):
    """A chat completion of one question."""
    messages = [{"role": "system", "content": system}, *history, {"role": "user", "content": question}]
    return Ask(operation="chat", body={"model": "support", "messages": messages, **fields})


def answer(text="Press the button.", *, finish="stop", tool_calls=(), body=None):
    """An upstream's answer."""
    data = json.dumps({"choices": [{"message": {"role": "assistant", "content": text}}]}).encode()
    return Reply(body=data if body is None else body, text=text, finish=finish, tool_calls=tool_calls, id="answer-1")

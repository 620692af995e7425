"""Local models that a package of a test brings, behind real entry points."""

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from loopwright.llm.local_scheme import GROUP
from loopwright.llm.local_upstream import LocalAnswer, LocalAsk, refused

SEEN = threading.Event()
"""Set by `slow` when it sees that nobody waits for it."""


def installed_in(folder: Path, module: str = __name__) -> None:
    """Make a folder of packages in which one brings these models."""
    about = folder / "local_models-1.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: local-models\nVersion: 1.0\n")
    named = (f"{name} = {module}:{name}" for name in ("echo", "slow", "broken", "drip", "nothing"))
    (about / "entry_points.txt").write_text("\n".join([f"[{GROUP}]", *named]) + "\n")


def echo(call: LocalAsk) -> LocalAnswer:
    if call.ask.path != "/chat/completions":
        return refused(404, "chats only")
    body = json.loads(call.ask.body)
    text = f"{call.where}|{body['messages'][-1]['content']}|{threading.current_thread() is threading.main_thread()}"
    if body.get("stream"):
        return LocalAnswer(status=200, media_type=b"text/event-stream", body=b"", pieces=_events(text))
    message = {"role": "assistant", "content": text}
    whole = {
        "id": "1", "object": "chat.completion", "created": 0, "model": "echo",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    }  # fmt: skip
    return LocalAnswer(status=200, media_type=b"application/json", body=json.dumps(whole).encode())


def slow(call: LocalAsk) -> LocalAnswer:
    SEEN.clear()
    for _ in range(200):
        if call.given_up():
            SEEN.set()
            return refused(500, "nobody waits")
        time.sleep(0.01)
    return refused(500, "waited in vain")


def drip(call: LocalAsk) -> LocalAnswer:
    SEEN.clear()
    return LocalAnswer(status=200, media_type=b"text/event-stream", body=b"", pieces=_dripping(call))


def broken(call: LocalAsk) -> LocalAnswer:
    raise RuntimeError("no such layer")


def _events(text: str) -> Iterator[bytes]:
    for letter in text:
        chunk = {
            "id": "1", "object": "chat.completion.chunk", "created": 0, "model": "echo",
            "choices": [{"index": 0, "delta": {"content": letter}, "finish_reason": None}],
        }  # fmt: skip
        yield b"data: %b\n\n" % json.dumps(chunk).encode()
    yield b"data: [DONE]\n\n"


def _dripping(call: LocalAsk) -> Iterator[bytes]:
    for number in range(200):
        if call.given_up():
            SEEN.set()
            return
        yield b": %d\n\n" % number
        time.sleep(0.01)

"""What the OpenAI provider costs a call: a request cut into its bytes, an event of a stream with its text and without.

Run: `python benchmarks/gateway_translation.py`. Microseconds of this process's processor time, the median of nine runs.
"""

import time
from collections.abc import Callable
from statistics import median

import msgspec

from loopwright.llm.ask import Ask
from loopwright.llm.protocols.reading import read_ask
from loopwright.llm.provider import StreamReader
from loopwright.llm.providers.openai import OpenAIProvider
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Upstream

RUNS = 9
CALLS = 2000
EVENTS = 2000
UPSTREAM = Upstream(name="a", url="http://127.0.0.1:1/v1", model="llama")
WORDS = "the quick brown fox jumps over the lazy dog and runs away again "


def microseconds(work: Callable[[], object], count: int) -> float:
    """The median, for each of `count`."""
    spent = []
    for _ in range(RUNS):
        began = time.process_time_ns()
        work()
        spent.append((time.process_time_ns() - began) / 1e3 / count)
    return median(spent)


def body(size: int, *, stream: bool) -> bytes:
    """A chat of about so many bytes."""
    content = (WORDS * (size // len(WORDS) + 1))[: max(1, size - 100)]
    messages = [{"role": "user", "content": content}]
    return msgspec.json.encode({"model": "mine", "messages": messages, "max_tokens": 99, "stream": stream})


def events() -> list[bytes]:
    """A stream, event by event."""
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "llama"}

    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return b"data: %b\n\n" % msgspec.json.encode({**head, "choices": [choice]})

    usage = {**head, "choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": EVENTS}}
    said = [chunk({"content": f"word{number} "}) for number in range(EVENTS)]
    ends = [chunk({}, "stop"), b"data: %b\n\n" % msgspec.json.encode(usage), b"data: [DONE]\n\n"]
    return [chunk({"role": "assistant", "content": ""}), *said, *ends]


def fed(reader: StreamReader, parts: list[bytes], *, texts: bool) -> None:
    """Read a whole stream."""
    reader.texts = texts
    for part in parts:
        reader.feed(part)
    reader.end()


def main() -> None:
    """Print the table."""
    bare, careful = OpenAIProvider(), provider_of("openai")
    print(f"{'':44} {'bare':>8} {'careful':>8}   us")
    for size in (1_000, 10_000, 100_000):
        for stream in (False, True):
            raw = body(size, stream=stream)
            ask = read_ask("chat", raw)
            row = [microseconds(lambda p=p, a=ask: [p.request(UPSTREAM, a, "k") for _ in range(CALLS)], CALLS)
                   for p in (bare, careful)]  # fmt: skip
            print(f"request of {size:7,} bytes{', streams' if stream else '':9} {'':11} {row[0]:8.2f} {row[1]:8.2f}")
    raw = body(1_000, stream=False)
    reading = microseconds(lambda: [read_ask("chat", raw) for _ in range(CALLS)], CALLS)
    print(f"{'read_ask of 1,000 bytes':44} {reading:8.2f}")
    ask = Ask(operation="chat", body={"stream": True}, stream=True)
    single = events()
    tens = [b"".join(single[at : at + 10]) for at in range(0, len(single), 10)]
    for name, parts in (("one a read", single), ("ten a read", tens)):
        for texts in (True, False):
            row = [microseconds(lambda p=p, q=parts, t=texts: fed(p.reader(ask), q, texts=t), EVENTS)
                   for p in (bare, careful)]  # fmt: skip
            print(
                f"event of a stream, {name}, {'with its text' if texts else 'undecoded':13} {row[0]:8.2f} {row[1]:8.2f}"
            )


if __name__ == "__main__":
    main()

"""The head of a request, as bytes."""

from loopwright.errors import UsageError
from loopwright.llm.http.origin import Origin
from loopwright.llm.provider import HttpAsk


def head_of(origin: Origin, ask: HttpAsk) -> bytes:
    """The head of a request, with its length, its host, and the wish for an answer that is not packed.

    Raises:
        UsageError: A header, the path or the method holds what would end its line; no value is named.
    """
    lines = [f"{ask.method} {origin.prefix}{ask.path} HTTP/1.1\r\nhost: {origin.authority}\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in ask.headers.items()]
    lines.append(f"accept-encoding: identity\r\ncontent-length: {len(ask.body)}\r\n\r\n")
    head = "".join(lines)
    if not head.isascii() or head.count("\n") != len(ask.headers) + 5 or head.count("\r") != len(ask.headers) + 5:
        raise UsageError(
            "a header or the path of a request to an upstream holds signs that HTTP does not allow",
            why="line ends, or signs that are not ASCII",
            fix=f"Look at the upstream's headers and its key: {', '.join(map(repr, sorted(ask.headers)))}.",
        )
    return head.encode("ascii")

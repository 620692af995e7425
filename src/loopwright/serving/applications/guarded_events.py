"""The guards on an answer that streams: what may be sent now, and what waits behind the hold-back window."""

from collections.abc import Sequence

from loopwright.llm.ask import Piece
from loopwright.llm.guard import Finding
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.guards.stream import OutgoingText
from loopwright.llm.provider import StreamReader

_Place = tuple[int, int]
_TEXT, _ASIDE = -1, -2


class GuardedEvents:
    """Lets pieces through guards. One for each stream.

    A text goes out behind the window of its guards; the arguments of a call wait until they are whole. What closes a
    text or a call goes after what was held back of it.

    Args:
        guards: The application's.
        reader: Says texts in the stream's protocol.
    """

    def __init__(self, guards: GuardRunner, reader: StreamReader) -> None:
        self._guards = guards
        self._reader = reader
        self._open: dict[_Place, tuple[OutgoingText, Piece]] = {}
        self._findings: list[Finding] = []
        self._let_go: dict[int, list[str]] = {}
        self._waiting = 0

    def through(self, piece: Piece) -> list[bytes]:
        """The events that may be sent after a further piece.

        Raises:
            GuardBlockedError: Nothing more may be sent; nothing of the blocked text was.
        """
        said = piece.tool or piece.text
        self._waiting += len(said)
        allowed = self._passed(piece, self._outgoing(piece).feed(said)) if said else ""
        if not piece.closes:
            return _some([self._reader.with_text(piece, allowed)])
        if said:
            return _some(self._closed(piece.choice, last=(piece, allowed)))
        return _some([*self._closed(piece.choice), self._reader.with_text(piece, "")])

    def end(self) -> list[bytes]:
        """The events that are left. Raises as `through`."""
        choices = dict.fromkeys(choice for choice, _ in self._open)
        return _some([event for choice in choices for event in self._closed(choice)])

    def stopped(self) -> bytes:
        """The events that end the answer where a guard stopped it."""
        return self._reader.stopped("content_filter")

    @property
    def text(self) -> str:
        """What of the answer's text was let go, with its masks: all that may be kept of it. Several choices by
        newlines."""
        return "\n".join("".join(self._let_go[choice]) for choice in sorted(self._let_go))

    @property
    def waiting(self) -> int:
        """About how many characters are held back: what the next look is at."""
        return max(0, self._waiting)

    @property
    def findings(self) -> Sequence[Finding]:
        """All that was found."""
        return [*self._findings, *(finding for text, _ in self._open.values() for finding in text.findings)]

    def _passed(self, piece: Piece, allowed: str) -> str:
        self._waiting -= len(allowed)
        if not piece.tool and not piece.aside and allowed:
            self._let_go.setdefault(piece.choice, []).append(allowed)
        return allowed

    def _outgoing(self, piece: Piece) -> OutgoingText:
        place = (piece.choice, piece.call if piece.tool else _ASIDE if piece.aside else _TEXT)
        known = self._open.get(place)
        if known is not None:
            text = known[0]
        else:
            text = self._guards.outgoing_tool(piece.call) if piece.tool else self._guards.outgoing()
        self._open[place] = (text, piece)
        return text

    def _closed(self, choice: int, *, last: tuple[Piece, str] | None = None) -> list[bytes]:
        """What was held back of a choice: its texts and its calls, in the order in which they began.

        Args:
            choice: Which.
            last: A piece that says something and closes it, and how much of that may be sent already.
        """
        events: list[bytes] = []
        for place in [place for place in self._open if place[0] == choice]:
            text, piece = self._open.pop(place)
            rest = self._passed(piece, text.end())
            self._findings += text.findings
            if last is not None and piece is last[0]:
                rest = last[1] + rest
            if rest or (last is not None and piece is last[0]):
                events.append(self._reader.with_text(piece, rest))
        return events


def _some(events: list[bytes]) -> list[bytes]:
    return [event for event in events if event]

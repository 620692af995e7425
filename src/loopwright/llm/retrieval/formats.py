"""Reading documents: Markdown, plain text, HTML. Each to sections under headings."""

import re
from functools import cache
from html import unescape

from loopwright.llm.retrieval.document import Section

_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})(?:[ \t]|$)")
_NAME = re.compile(r"<(/?[A-Za-z][A-Za-z0-9]{0,20}|[!?])")
_HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4, "h5": 5, "h6": 6}
_UNSEEN = frozenset({"script", "style", "template", "noscript", "svg"})
# fmt: off
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "br", "dd", "div", "dl", "dt", "fieldset", "figure", "footer", "form",
    "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "table", "td", "th", "tr", "ul",
})
# fmt: on


class Outline:
    """Sections as they come: text is added under the headings that stand above it.

    Attributes:
        title: The first heading of the first level, if any.
    """

    def __init__(self) -> None:
        self.title = ""
        self._above: list[tuple[int, str]] = []
        self._lines: list[str] = []
        self._made: list[Section] = []

    def add(self, text: str) -> None:
        """Text, as it stands."""
        self._lines.append(text)

    def heading(self, level: int, text: str) -> None:
        """A heading begins a section; level 1 is the outermost."""
        self._close()
        words = " ".join(text.split())
        if level == 1 and not self.title:
            self.title = words
        self._above = [above for above in self._above if above[0] < level]
        if words:
            self._above.append((level, words))

    def sections(self) -> tuple[Section, ...]:
        """All of them that hold text."""
        self._close()
        return tuple(self._made)

    def _close(self) -> None:
        text = "".join(self._lines).strip()
        self._lines.clear()
        if text:
            self._made.append(Section(heading=" > ".join(words for _, words in self._above), text=text))


def markdown(text: str) -> Outline:
    """Sections by `#` headings, but for those within fenced code. Comments, which no reader sees, are left out."""
    outline = Outline()
    fence = ""
    for line in _seen(text).splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and not line.strip().strip(fence[0]))):
            fence = "" if fence else mark[1]
        heading = None if fence or mark else _HEADING.match(line)
        if heading:
            outline.heading(len(heading[1]), _without_closing(line[heading.end() :].strip()))
        else:
            outline.add(line)
    return outline


def _seen(text: str) -> str:
    """Markdown without its comments; one that never ends is text."""
    parts = []
    at = 0
    while (opened := text.find("<!--", at)) >= 0 and (closed := text.find("-->", opened + 4)) >= 0:
        parts.append(text[at:opened])
        at = closed + 3
    return "".join([*parts, text[at:]])


def _without_closing(heading: str) -> str:
    """A heading without the `#` that may close it: `Inner ##` is `Inner`."""
    bare = heading.rstrip("#")
    return bare.rstrip() if bare != heading and (not bare or bare[-1] in " \t") else heading


def plain(text: str) -> Outline:
    """One section."""
    outline = Outline()
    outline.add(text)
    return outline


def html(text: str) -> Outline:
    """Sections by headings; tags, comments, scripts and styles are left out. What is broken is read as far as it goes.

    A scanner of our own: the standard library's takes minutes for a megabyte that was made to take them.
    """
    page = _Page()
    at = 0
    while (opened := text.find("<", at)) >= 0:
        page.text(text[at:opened])
        end, tag = _tag(text, opened)
        if end < 0:
            return page.finished()
        if tag is None:
            page.text(text[opened:end])
        elif tag in _UNSEEN:
            closing = _closing(tag).search(text, end)
            if closing is None:
                return page.finished()
            end = closing.end()
        else:
            page.tag(tag)
        at = end
    page.text(text[at:])
    return page.finished()


def _tag(text: str, opened: int) -> tuple[int, str | None]:
    """Where what begins with `<` ends, -1 where it never does, and the tag's name; None: it is text."""
    if text.startswith("<!--", opened):
        end = text.find("-->", opened + 4)
        return (end + 3 if end >= 0 else -1), ""
    name = _NAME.match(text, opened)
    if name is None:
        return opened + 1, None
    end = text.find(">", name.end())
    return (end + 1 if end >= 0 else -1), name[1].lower()


@cache
def _closing(tag: str) -> re.Pattern[str]:
    return re.compile(rf"</{tag}[^>]{{0,1000}}>", re.IGNORECASE)


class _Page:
    """What was seen of a page so far."""

    def __init__(self) -> None:
        self._outline = Outline()
        self._title: list[str] | None = None
        self._heading: list[str] | None = None

    def text(self, text: str) -> None:
        """Text between tags."""
        said = re.sub(r"\s+", " ", unescape(text))
        if self._title is not None:
            self._title.append(said)
        elif self._heading is not None:
            self._heading.append(said)
        elif said:
            self._outline.add(said)

    def tag(self, tag: str) -> None:
        """A tag, an end with its `/`."""
        level = _HEADINGS.get(tag.lstrip("/"))
        if tag == "title":
            self._title = []
        elif tag == "/title" and self._title is not None:
            self._outline.title = " ".join("".join(self._title).split())
            self._title = None
        elif level is not None:
            self._close_heading(level)
            self._heading = None if tag.startswith("/") else []
        elif tag.lstrip("/") in _BLOCKS:
            self._outline.add("\n\n" if tag == "p" else "\n")

    def finished(self) -> Outline:
        """The page's sections."""
        if self._heading:
            self._outline.add("".join(self._heading))
        return self._outline

    def _close_heading(self, level: int) -> None:
        if self._heading is not None:
            self._outline.heading(level, "".join(self._heading))

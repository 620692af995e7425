"""Reading documents: Markdown, plain text, HTML. Each to sections under headings."""

import re
from html.parser import HTMLParser

from loopwright.llm.retrieval.document import Section

_FENCE = re.compile(r"[ ]{0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"[ ]{0,3}(#{1,6})[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
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
    for line in _COMMENT.sub("", text).splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and (not fence or (mark[1].startswith(fence) and not line.strip().strip(fence[0]))):
            fence = "" if fence else mark[1]
        heading = None if fence or mark else _HEADING.fullmatch(line.rstrip("\r\n"))
        if heading:
            outline.heading(len(heading[1]), heading[2])
        else:
            outline.add(line)
    return outline


def plain(text: str) -> Outline:
    """One section."""
    outline = Outline()
    outline.add(text)
    return outline


def html(text: str) -> Outline:
    """Sections by headings; tags, scripts and styles are left out. What is broken is read as far as it goes."""
    reader = _Html()
    reader.feed(text)
    reader.close()
    return reader.finished()


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._outline = Outline()
        self._title: list[str] = []
        self._heading: list[str] | None = None
        self._in_title = False
        self._unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        if tag in _UNSEEN:
            self._unseen.append(tag)
        elif tag == "title":
            self._in_title = True
        elif tag in _HEADINGS:
            self._heading = []
        elif tag in _BLOCKS:
            self._outline.add("\n" if tag != "p" else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        if self._unseen and tag == self._unseen[-1]:
            self._unseen.pop()
        elif tag == "title":
            self._in_title = False
        elif tag in _HEADINGS and self._heading is not None:
            self._outline.heading(_HEADINGS[tag], "".join(self._heading))
            self._heading = None

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._in_title:
            self._title.append(data)
        elif self._heading is not None:
            self._heading.append(data)
        else:
            self._outline.add(re.sub(r"\s+", " ", data))

    def finished(self) -> Outline:
        if self._heading:
            self._outline.add("".join(self._heading))
        if self._title:
            self._outline.title = " ".join("".join(self._title).split())
        return self._outline

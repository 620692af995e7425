"""Elements of SVG and HTML, with everything that comes from outside escaped."""

import html
import re

# What XML cannot hold, and what turns the direction of text around.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def escape(text: object, limit: int = 2_000) -> str:
    """`text` as content or as an attribute's value: no markup, no control characters, at most `limit` characters."""
    plain = str(text)
    if len(plain) > limit:
        plain = plain[: limit - 1] + "…"
    return html.escape(_FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", plain), quote=True)


def element(tag: str, *content: str, **attributes: object) -> str:
    """One element around `content`, which is markup already.

    Attributes are escaped; floats are written to a tenth; `class_` is `class`, and `stroke_width` is `stroke-width`.
    """
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{_value(name, value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    return f"<{tag}{named}>{''.join(content)}</{tag}>"


def _value(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}"
    return escape(value, len(str(value))) if name == "d" else escape(value)  # a path that is cut is another path


def line(start: tuple[float, float], end: tuple[float, float], class_: str) -> str:
    """A straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_)


def text(at: tuple[float, float], shown: object, class_: str = "tick") -> str:
    """A label; `class_` decides its anchor and colour."""
    return element("text", escape(shown, 60), x=at[0], y=at[1], class_=class_)


def path(points: list[tuple[float, float]], class_: str, *, closed: bool = False) -> str:
    """A polyline through `points`, or the area that they enclose."""
    route = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return element("path", d=f"M{route}{'Z' if closed else ''}", class_=class_)


def dot(at: tuple[float, float], radius: float, class_: str, *, tip: str = "") -> str:
    """A disc, with a text that shows when the pointer rests on it."""
    return element("circle", element("title", escape(tip)) if tip else "", cx=at[0], cy=at[1], r=radius, class_=class_)


def picture(title: str, description: str, size: tuple[float, float], *content: str) -> str:
    """A drawing that scales with the page; `title` and `description` are what a screen reader says."""
    return element(
        "svg",
        element("title", escape(title)),
        element("desc", escape(description)),
        *content,
        viewBox=f"0 0 {size[0]:.0f} {size[1]:.0f}",
        role="img",
        aria_label=f"{title}. {description}",
    )

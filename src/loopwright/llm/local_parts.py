"""Parts of a bundle in the URLs of its application's upstreams: `part:NAME` stands for the folder of the part NAME.

So an adapter that a pipeline made is served from wherever its bundle is extracted:
`transformers:/models/qwen?adapter=part:adapter`.
"""

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import msgspec

from loopwright.errors import UsageError
from loopwright.llm.application import Application
from loopwright.llm.local_scheme import local_scheme

_PART = re.compile(r"\bpart:([a-z][a-z0-9_]{0,63})")


def part_names(application: Application) -> tuple[str, ...]:
    """The parts that an application's upstreams name, sorted."""
    urls = (upstream.url for upstream in application.route.upstreams if local_scheme(upstream.url))
    return tuple(sorted({name for url in urls for name in _PART.findall(url)}))


def with_parts(application: Application, folder: Callable[[], Path]) -> Application:
    """The application with folders in place of `part:NAME`.

    Args:
        application: As its bundle says it.
        folder: Gives the folder of the extracted bundle; called only where a part is named.

    Raises:
        UsageError: The bundle has no such part.
    """
    names = part_names(application)
    if not names:
        return application
    parts = folder() / "parts"
    for name in names:
        if not (parts / name).is_dir():
            raise UsageError(
                f"an upstream reads the part {name!r}, which the bundle does not have",
                why=f"its parts are {', '.join(sorted(part.name for part in parts.iterdir()))}",
                fix=f"Let the pipeline return {{{name!r}: …}}, or correct the upstream's url.",
            )
    upstreams = tuple(
        msgspec.structs.replace(one, url=_PART.sub(lambda found: quote(str(parts / found[1])), one.url))
        if local_scheme(one.url)
        else one
        for one in application.route.upstreams
    )
    return msgspec.structs.replace(application, route=msgspec.structs.replace(application.route, upstreams=upstreams))

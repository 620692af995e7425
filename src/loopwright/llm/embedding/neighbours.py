"""The library of near neighbours, loaded so that it does no harm to the one that runs models."""

import importlib.util
from typing import Any

from loopwright.errors import MissingExtraError


def usearch_index() -> Any:
    """The module `usearch.index`.

    Raises:
        MissingExtraError: It is not installed.
    """
    # usearch 2.26 makes symbols of its own visible to the whole process; onnxruntime, loaded after that, ends the
    # process by a segmentation fault. Loaded before, it does not.
    if importlib.util.find_spec("onnxruntime") is not None:
        import onnxruntime  # noqa: F401
    try:
        import usearch.index
    except ImportError as error:
        raise MissingExtraError(
            "the library usearch is not installed", why=str(error), fix="Install it: pip install 'loopwright[llm]'"
        ) from error
    return usearch.index

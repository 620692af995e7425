"""The environment that a step runs in: interpreter, platform, distributions."""

import os
import sys

import msgspec

from loopwright.core.hashing import Digest, digest_value
from loopwright.pipelines.distributions import Distributions


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """What is installed.

    Attributes:
        python: Implementation and version, as `cpython 3.11.9`.
        platform: Operating system and processor, as `linux x86_64`.
        distributions: Version by normalised name, sorted.
    """

    python: str
    platform: str
    distributions: dict[str, str]

    @property
    def digest(self) -> Digest:
        """Names the environment."""
        return digest_value(self)


def python_name() -> str:
    """This interpreter, as `cpython 3.11.9`."""
    return f"{sys.implementation.name} {'.'.join(map(str, sys.version_info[:3]))}"


def platform_name() -> str:
    """This machine's kind, as `linux x86_64`."""
    return f"{sys.platform} {os.uname().machine}"


def environment_of(distributions: Distributions | None = None) -> Environment:
    """The environment of this interpreter."""
    installed = distributions or Distributions()
    return Environment(python=python_name(), platform=platform_name(), distributions=installed.versions())

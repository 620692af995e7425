"""A step as every runner gets it, and the one interface of runners."""

from abc import ABC, abstractmethod

import msgspec

from loopwright.core.hashing import Digest
from loopwright.pipelines.arguments import Argument


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One step to run, wholly by name and digest.

    Attributes:
        step: The node's name.
        entry: `module:qualname` of the function.
        source: Tree of the first-party files that it is made of.
        arguments: By parameter name; a name of digits is a position. Inputs stand as digests.
        outputs: How many results it has.
        environment: The environment's digest.
        seed: For `random` and NumPy's legacy generator, in 0 … 2**32 - 1.
        threads: Threads of native libraries, where the runner can set them.
        numeric: Whether installed packages are used, so that NumPy has to be seeded.
        trust_pickle: Whether results may be pickled.
        variables: Environment variables that the pipeline declares.
        checkpoint: Folder for its progress; empty: it can keep none.
    """

    step: str
    entry: str
    source: Digest | None = None
    arguments: dict[str, Argument] = {}
    outputs: int = 1
    environment: Digest | None = None
    seed: int = 0
    threads: int = 1
    numeric: bool = False
    trust_pickle: bool = False
    variables: dict[str, str] = {}
    checkpoint: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What a task made: the digests of its stored results, and how long the user's function took."""

    outputs: tuple[Digest, ...]
    duration_us: int = 0


class Runner(ABC):
    """Runs tasks, one at a time, on stored values only: nothing of one task's objects reaches another.

    Used from one thread. The same task gives the same result in every runner, as far as its code allows.
    """

    @abstractmethod
    def run(self, task: Task) -> Result:
        """Run it.

        Raises:
            StepFailedError: The user's function raised, or its process died; `context` says where and how.
            UnsupportedValueError, UntrustedFormatError: A result cannot be stored.
            BlobMissingError, BlobCorruptError: An input cannot be read.
        """

    @abstractmethod
    def close(self) -> None:
        """Leave nothing running."""

"""Pickle, only where the user said that this step's values may be trusted."""

import pickle
from collections.abc import Mapping
from typing import Any

from loopwright.errors import UnsupportedValueError
from loopwright.formats.format import Format, type_name


class PickleFormat(Format):
    """Any value that pickle takes. The bytes of equal values may differ: such a value is stored, not reproduced."""

    name = "pickle"

    def handles(self, value: object) -> bool:  # noqa: ARG002 - the last resort takes everything
        return True

    def encode(self, value: Any) -> dict[str, bytes]:
        try:
            return {"value.pickle": pickle.dumps(value, protocol=5)}
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            raise UnsupportedValueError(
                f"a value of type {type_name(value)} cannot be pickled", why=str(error)
            ) from error

    def decode(self, files: Mapping[str, bytes]) -> Any:
        return pickle.loads(files["value.pickle"])  # noqa: S301 - reached only with trust_pickle

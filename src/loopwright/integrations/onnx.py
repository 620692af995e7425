"""ONNX models: the file that every tool for them reads."""

from collections.abc import Mapping
from typing import Any

from loopwright.formats.format import Format, NativeModel

_MODEL = "model.onnx"


class OnnxFormat(Format):
    """`onnx.ModelProto`, of at most 2 GB and with its weights inside."""

    name = "onnx"

    def handles(self, value: object) -> bool:
        return type(value).__name__ == "ModelProto"

    def encode(self, value: Any) -> dict[str, bytes]:
        outside = [one.name for one in value.graph.initializer if one.external_data]
        if outside:
            raise ValueError(
                f"the weights {', '.join(outside[:3])} lie in files of their own; load them into the model"
            )
        return {_MODEL: value.SerializeToString(deterministic=True)}

    def native(self, files: Mapping[str, bytes]) -> NativeModel | None:
        return NativeModel(library="onnx", data=files[_MODEL])

    def decode(self, files: Mapping[str, bytes]) -> Any:
        import onnx

        return onnx.ModelProto.FromString(files[_MODEL])


FORMAT = OnnxFormat()

"""An adapter in a bundle, with the files that PEFT writes."""

import json
from collections.abc import Mapping
from typing import Any

from loopwright.app.applications.bundle import SIGNATURE
from loopwright.core.hashing import Digest
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.store.blobs import Blobs
from loopwright.store.trees import put_tree

CONFIG: Mapping[str, Any] = {"peft_type": "LORA", "r": 12, "base_model_name_or_path": "qwen3", "lora_alpha": 24}


def files(**changes: Any) -> dict[str, bytes]:
    return {
        "adapter_config.json": json.dumps({**CONFIG, **changes}).encode(),
        "adapter_model.safetensors": b"weights" * 100,
    }


def bundle_with(blobs: Blobs, adapter: Mapping[str, bytes] | None) -> Digest:
    parts = {"application": put_value(blobs, {"route": {}}), "numbers": put_value(blobs, [1, 2])}
    if adapter is not None:
        parts["adapter"] = put_tree(blobs, adapter)
    return put_bundle(
        blobs, Manifest(kind="application", parts=parts, entry="application", signature=SIGNATURE, example={})
    )

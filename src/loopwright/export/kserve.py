"""A fine-tuned adapter for KServe: an LLMInferenceService of `serving.kserve.io/v1alpha2` that serves it by vLLM."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from loopwright.errors import UsageError
from loopwright.export.adapter import Adapter

API = "serving.kserve.io/v1alpha2"
SCHEMES = ("hf", "s3", "pvc")
"""What an adapter's URI may begin with; a base model may lie in an image of a registry too (`oci://`)."""
_ANNOTATION = "loopwright"


def inference_service(adapter: Adapter, *, base_uri: str, adapter_uri: str, gpus: int = 1) -> dict[str, Any]:
    """The manifest: the base model, and the adapter beside it under a name of its own.

    Args:
        adapter: What is served.
        base_uri: Where the cluster finds the base model, as `hf://Qwen/Qwen3-0.6B`.
        adapter_uri: Where it will find the adapter's files, as `s3://models/support/adapter`.
        gpus: Of each replica; 0: none is asked for.

    Raises:
        UsageError: A URI has no scheme that KServe reads.
    """
    _check("base model", base_uri, (*SCHEMES, "oci"))
    _check("adapter", adapter_uri, SCHEMES)
    name = adapter.served_name
    adapters = [{"name": name, "uri": adapter_uri}]
    spec: dict[str, Any] = {
        "model": {"uri": base_uri, "name": f"{name}-base", "lora": {"adapters": adapters}},
        "replicas": 1,
        "router": {"gateway": {}, "route": {}, "scheduler": {}},
    }
    if gpus:
        limits = {"limits": {"nvidia.com/gpu": str(gpus)}, "requests": {"nvidia.com/gpu": str(gpus)}}
        spec["template"] = {"containers": [{"name": "main", "resources": limits}]}
    annotations = {
        f"{_ANNOTATION}/application": adapter.name,
        f"{_ANNOTATION}/version": adapter.version,
        f"{_ANNOTATION}/trained-on": adapter.trained_on,
    }
    return {
        "apiVersion": API,
        "kind": "LLMInferenceService",
        "metadata": {"name": name, "annotations": {key: value for key, value in annotations.items() if value}},
        "spec": spec,
    }


def _check(what: str, uri: str, schemes: Sequence[str]) -> None:
    parts = urlsplit(uri)
    if parts.scheme not in schemes or not parts.netloc:
        raise UsageError(
            f"the {what} lies at {uri!r}, which KServe cannot read",
            why=f"it reads URIs of the schemes {', '.join(schemes)}",
            fix="Upload the files first, and name where: hf://ORGANISATION/MODEL or s3://BUCKET/PATH.",
        )

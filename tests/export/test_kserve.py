"""Manifests of KServe, against the fields that its API documents."""

import pytest
import yaml
from tests.export.adapters import bundle_with, files

from loopwright.errors import UsageError
from loopwright.export.adapter import Adapter, adapter_of
from loopwright.export.kserve import inference_service
from loopwright.export.yaml_text import yaml_text
from loopwright.store.backends.memory_blobs import MemoryBlobs

DOCUMENTED = {
    "": {"apiVersion", "kind", "metadata", "spec"},
    "metadata": {"name", "annotations"},
    "spec": {"model", "replicas", "router", "template", "parallelism", "worker", "prefill", "baseRefs", "scaling"},
    "spec.model": {"uri", "name", "lora"},
    "spec.model.lora": {"adapters"},
    "spec.router": {"gateway", "route", "scheduler", "ingress"},
}


@pytest.fixture
def adapter() -> Adapter:
    blobs = MemoryBlobs()
    return adapter_of(blobs, "page-finder", bundle_with(blobs, files()))


def test_the_manifest_is_what_yaml_reads_back_with_documented_fields_only(adapter: Adapter) -> None:
    made = inference_service(adapter, base_uri="hf://Qwen/Qwen3-0.6B", adapter_uri="s3://models/page-finder")
    found = yaml.safe_load(yaml_text(made))
    assert found == made
    assert (found["apiVersion"], found["kind"]) == ("serving.kserve.io/v1alpha2", "LLMInferenceService")
    for path, known in DOCUMENTED.items():
        place = found
        for name in filter(None, path.split(".")):
            place = place[name]
        assert set(place) <= known, path


def test_it_serves_the_adapter_beside_its_base_and_pins_the_version(adapter: Adapter) -> None:
    found = inference_service(adapter, base_uri="hf://Qwen/Qwen3-0.6B", adapter_uri="s3://models/page-finder")
    assert found["spec"]["model"]["uri"] == "hf://Qwen/Qwen3-0.6B"
    assert found["spec"]["model"]["lora"]["adapters"] == [{"name": "page-finder", "uri": "s3://models/page-finder"}]
    assert found["spec"]["model"]["name"] != "page-finder"
    assert found["metadata"]["annotations"]["loopwright/version"] == adapter.version


def test_gpus_are_asked_for_as_quantities_or_not_at_all(adapter: Adapter) -> None:
    where = {"base_uri": "oci://registry.example/qwen:1", "adapter_uri": "pvc://claim/adapter"}
    container = inference_service(adapter, gpus=2, **where)["spec"]["template"]["containers"][0]
    assert container["resources"]["limits"] == {"nvidia.com/gpu": "2"}
    assert "template" not in inference_service(adapter, gpus=0, **where)["spec"]


@pytest.mark.parametrize(
    ("base", "where"),
    [
        ("Qwen/Qwen3-0.6B", "s3://m/x"),
        ("/models/qwen", "s3://m/x"),
        ("hf://Qwen/Qwen3", "./adapter"),
        ("hf://Qwen/Qwen3", "oci://registry.example/x"),
        ("hf://", "s3://m/x"),
    ],
)
def test_what_a_cluster_cannot_read_is_refused(adapter: Adapter, base: str, where: str) -> None:
    with pytest.raises(UsageError, match="KServe cannot read"):
        inference_service(adapter, base_uri=base, adapter_uri=where)

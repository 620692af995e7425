import pytest

from loopwright.errors import ModelLoadError
from loopwright.formats.value import put_value
from loopwright.registry.bundle import Manifest, extract_bundle, put_bundle
from loopwright.serving.bundle_folder import BundleFolder


def test_it_tells_what_a_bundle_is_without_running_its_code(extracted, signature, model):
    folder = extracted(model("binary"), signature("binary"), code="raise SystemExit('ran')")
    bundle = BundleFolder.read(folder)
    assert bundle.version == folder.name
    assert bundle.function() == "own_predict:predict"
    assert (bundle.code / "own_predict.py").is_file()
    assert bundle.views == ()


def test_code_is_offered_only_where_answering_needs_it(extracted, signature, model):
    bundle = BundleFolder.read(extracted(model("binary"), signature("binary")))
    assert (bundle.function(), bundle.code) == (None, None)


def test_the_example_has_the_requests_columns_and_the_rest_are_features(extracted, signature, model):
    bundle = BundleFolder.read(extracted(model("binary"), signature("binary"), delay_mean=2.0))
    assert bundle.example() == {"carrier": "AA", "distance": 100}
    assert bundle.example_features() == {}


def test_an_example_that_lacks_a_column_is_replaced_by_one_from_the_contract(extracted, signature, model):
    made = BundleFolder.read(extracted(model("binary"), signature("binary"), carrier="AA")).example()
    assert set(made) == {"carrier", "distance"}


@pytest.mark.parametrize("value", [3, {"views": 7}, {"views": ["no view"]}])
def test_feature_definitions_of_a_wrong_form_do_not_load(blobs, signature, model, tmp_path, value):
    parts = {"model": put_value(blobs, 1), "features": put_value(blobs, value)}
    manifest = Manifest(kind="model", parts=parts, entry="model", signature=signature("binary"), example={})
    version = put_bundle(blobs, manifest)
    extract_bundle(blobs, version, tmp_path / version)
    with pytest.raises(ModelLoadError):
        BundleFolder.read(tmp_path / version)

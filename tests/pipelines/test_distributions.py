import sys
from pathlib import Path

import msgspec
import numpy
import pytest
import sklearn

from loopwright.pipelines.distributions import Distributions, listing, listing_digest, normalised, site_folders


def install(site: Path, name: str, version: str, *, files=(), requires=()) -> None:
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "RECORD").write_text("".join(f"{file},,\n" for file in files))
    lines = [
        "Metadata-Version: 2.1",
        f"Name: {name}",
        *(f"Requires-Dist: {r}" for r in requires),
        "",
        "Requires-Dist: body",
    ]
    (folder / "METADATA").write_text("\n".join(lines))


@pytest.fixture
def site(tmp_path):
    site = tmp_path / "site-packages"
    install(
        site, "scikit_learn", "1.9", files=["sklearn/__init__.py"],
        requires=["numpy>=1.0", 'pandas; extra == "tests"', "scipy (>=1) ; python_version > '3'"],
    )  # fmt: skip
    install(site, "numpy", "2.4", files=["numpy/__init__.py"])
    install(site, "scipy", "1.17", files=["scipy/__init__.py"], requires=["numpy", "scikit-learn"])
    install(site, "pandas", "3.0", files=["pandas/__init__.py"])
    install(site, "google_cloud_storage", "1.0", files=["google/cloud/storage/__init__.py"])
    install(site, "google_auth", "2.0", files=["google/auth/__init__.py"])
    install(site, "six", "1.0", files=["six_module.py"])
    return site


def test_versions_are_read_from_folder_names(site):
    found = Distributions([str(site)])
    assert found.versions()["scikit-learn"] == "1.9"
    assert found.version("Scikit.Learn") == "1.9"
    assert found.version("nothing") is None


@pytest.mark.parametrize(
    ("module", "file", "owner"),
    [
        ("numpy.linalg", None, "numpy"), ("sklearn.base", None, "scikit-learn"), ("six_module", None, "six"),
        ("nowhere", None, None), ("google.auth", "google/auth/__init__.py", "google-auth"),
        ("google.cloud.storage", "google/cloud/storage/__init__.py", "google-cloud-storage"),
    ],
)  # fmt: skip
def test_a_module_has_an_owner(site, module, file, owner):
    assert Distributions([str(site)]).owner(module, str(site / file) if file else None) == owner


def test_a_closure_follows_requirements_but_not_extras(site):
    closure = Distributions([str(site)]).closure(["scikit-learn"])
    assert closure == {"numpy": "2.4", "scikit-learn": "1.9", "scipy": "1.17"}


def test_the_listing_changes_with_what_is_installed(site):
    before = listing([site])
    install(site, "polars", "2.1")
    assert set(listing([site])) - set(before) == {"polars-2.1.dist-info"}


def test_this_interpreter_s_own():
    found = Distributions()
    assert found.owner("sklearn", sklearn.__file__) == "scikit-learn"
    assert found.version("numpy") == numpy.__version__
    assert found.version("msgspec") == msgspec.__version__
    assert site_folders(sys.path)
    assert listing_digest() == listing_digest()


@pytest.mark.parametrize("name", ["A.b_c", "a-b-c", "a__b--C"])
def test_names_are_compared_as_pep_503_says(name):
    assert normalised(name) == "a-b-c"

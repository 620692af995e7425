import sys

import msgspec

from loopwright.pipelines.distributions import Distributions
from loopwright.pipelines.environment import environment_of, python_name


def test_the_environment_names_interpreter_platform_and_every_distribution():
    found = environment_of()
    assert found.python == python_name()
    assert f"{sys.version_info.major}.{sys.version_info.minor}." in found.python
    assert found.distributions["msgspec"] == msgspec.__version__


def test_its_digest_changes_with_a_version(tmp_path):
    site = tmp_path / "site-packages"
    (site / "numpy-2.4.dist-info").mkdir(parents=True)
    before = environment_of(Distributions([str(site)]))
    (site / "numpy-2.4.dist-info").rename(site / "numpy-2.5.dist-info")
    after = environment_of(Distributions([str(site)]))
    assert before.digest != after.digest
    assert before.digest == msgspec.structs.replace(before).digest

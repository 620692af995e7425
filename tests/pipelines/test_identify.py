import pytest

from loopwright.errors import GraphError
from loopwright.pipelines.distributions import Distributions
from loopwright.pipelines.identify import identify

LOOP = """
    import numpy
    @step
    def f(x=1): return numpy.ones(x)
    @step
    def g(x):
        import no_such_package
        return x
    @pipeline
    def fit(n: int = 2):
        return g(f(n))
"""


def identities(project, **given):
    graph = project.load().fit.trace()
    return identify(graph, sources={}, variables={}, **given)


def test_a_package_s_version_is_part_of_the_steps_that_use_it(project, tmp_path):
    project.write("loop", LOOP)
    site = tmp_path / "site-packages"
    (site / "numpy-9.9.dist-info").mkdir(parents=True)
    (site / "numpy-9.9.dist-info" / "RECORD").write_text("numpy/__init__.py,,\n")
    found = identities(project, distributions=Distributions([str(site)])).nodes
    assert found["f"].environment["numpy"] == "9.9"
    assert "numpy" not in found["g"].environment
    assert found["f"].unknown == ()


def test_a_package_that_is_not_installed_is_part_of_identity_too(project):
    project.write("loop", LOOP)
    found = identities(project).nodes["g"]
    assert found.environment["no_such_package"] == "not installed"
    assert found.unknown == ()


def test_a_package_that_no_distribution_owns_is_unknown(project, tmp_path):
    project.write("loop", LOOP)
    found = identities(project, distributions=Distributions([str(tmp_path)])).nodes["f"]
    assert "no installed distribution owns the module numpy" in found.unknown[0]


def test_parameters_are_kept_and_long_ones_as_their_digest(project):
    project.write("loop", LOOP.replace("n: int = 2", "n: str = 'a' * 500"))
    said = identities(project).nodes["f"].parameters["x"]
    assert set(said) == {"digest"}


def test_the_project_s_files_are_listed(project):
    project.write("helper", "A = 1", head=False)
    project.write("loop", "import <helper>\n    " + LOOP.lstrip())
    project.texts["loop"] = project.texts["loop"].replace("\n    ", "\n", 1)
    project.write("loop", LOOP)
    project.texts["loop"] = "import <helper>\n" + project.texts["loop"]
    assert [f.path for f in identities(project).files] == [f"{project.name(m)}.py" for m in ("helper", "loop")]


def test_a_source_of_a_kind_that_nobody_loads_is_refused(project):
    project.write("loop", "@pipeline\ndef fit(): return source('table', {})\n")
    with pytest.raises(GraphError, match="source of kind 'table'"):
        identities(project)

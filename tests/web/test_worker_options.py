"""What a worker's command line says."""

import pytest

from loopwright.web.worker_options import parse


def test_a_command_line_names_home_endpoints_and_place(tmp_path):
    options = parse([
        "--home", str(tmp_path / ".loopwright"), "--endpoint", "a", "--endpoint", "b", "--endpoint", "a",
        "--port", "0", "--name", "worker-2", "--supervised",
    ])  # fmt: skip
    assert (options.endpoints, options.name, options.supervised) == (("a", "b"), "worker-2", True)
    assert (options.settings.whole("port"), options.door) == (0, None)


def test_an_endpoint_must_be_named(tmp_path, capsys):
    with pytest.raises(SystemExit):
        parse(["--home", str(tmp_path)])
    assert "--endpoint" in capsys.readouterr().err

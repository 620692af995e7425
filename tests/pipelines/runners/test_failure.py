import pytest

from loopwright.errors import BlobMissingError, InternalError, StepFailedError, UntrustedFormatError
from loopwright.pipelines.runners.failure import Refusal, failure_of, refusal_of, source_changed


def failing(error):
    try:
        raise error
    except BaseException as caught:
        return failure_of("train", caught)


def test_a_failure_names_the_exception_and_the_user_s_own_line():
    failure = failing(ValueError("wrong"))
    error = failure.error()
    assert error.what == "the step 'train' failed: ValueError: wrong"
    assert error.why.endswith("in failing")
    assert __file__ in error.why


def test_frames_of_installed_code_are_left_out(project):
    project.write("loop", "import msgspec\ndef f(): return msgspec.json.schema(3)\n")
    try:
        project.load().f()
    except TypeError as error:
        frames = failure_of("f", error).frames
    assert all("site-packages" not in frame for frame in frames)


def test_a_very_long_message_is_cut():
    assert len(failing(ValueError("x" * 10_000)).message) < 2100


@pytest.mark.parametrize("kind", [BlobMissingError, UntrustedFormatError, StepFailedError])
def test_an_error_comes_back_as_its_own_class(kind):
    back = refusal_of(kind("gone", why="because", fix="do this", step="train", frames=["a:1"], odd=object)).error()
    assert type(back) is kind
    assert (back.what, back.why, back.fix) == ("gone", "because", "do this")
    assert back.context["frames"] == ["a:1"]


def test_an_unknown_code_is_an_internal_error():
    assert isinstance(Refusal(code="LW999", what="x", why="", fix="").error(), InternalError)


def test_a_changed_source_says_to_run_again():
    assert source_changed("train", "loop.py").error().fix.startswith("Run again")

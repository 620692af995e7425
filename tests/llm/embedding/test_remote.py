import pytest

from loopwright import llm
from loopwright.errors import SettingError, UpstreamError, UpstreamRefusedError
from loopwright.llm.embedding.remote import BATCH_CHARACTERS, BATCH_TEXTS, RemoteEmbedder
from loopwright.testing.clocks import ManualClock
from loopwright.testing.embedder_suite import EmbedderSuite


def _embedder(upstream, *, clock=None, **fields):
    one = llm.Upstream(**{"name": "e", "url": upstream.url, "model": "embed-1", **fields})
    return RemoteEmbedder(one, dimensions=32, clock=clock or ManualClock())


class TestRemoteEmbedder(EmbedderSuite):
    implementation = RemoteEmbedder

    @pytest.fixture
    def embedder(self, upstream):
        return _embedder(upstream)

    @pytest.fixture
    def another(self, upstream):
        return _embedder(upstream)


def test_many_texts_are_asked_in_batches_and_come_back_in_their_order(upstream):
    texts = [f"text {number}" for number in range(2 * BATCH_TEXTS + 1)]
    vectors = _embedder(upstream).embed(texts)
    assert [len(body["input"]) for body, _ in upstream.asked] == [BATCH_TEXTS, BATCH_TEXTS, 1]
    assert (vectors[-1] == _embedder(upstream).embed(texts[-1:])[0]).all()


def test_long_texts_are_not_put_into_one_request(upstream):
    _embedder(upstream).embed(["x" * (BATCH_CHARACTERS // 2 + 1)] * 3)
    assert [len(body["input"]) for body, _ in upstream.asked] == [1, 1, 1]


def test_empty_texts_are_not_sent(upstream):
    _embedder(upstream).embed(["", "a"])
    assert [body["input"] for body, _ in upstream.asked] == [["a"]]


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_a_failure_that_may_pass_is_tried_again(upstream, status):
    upstream.script = [(status, b"later", {})] * 3
    assert _embedder(upstream).embed(["a"]).any()
    assert len(upstream.asked) == 4


def test_four_failures_are_an_error_that_says_the_last(upstream):
    upstream.script = [(503, b"", {})] * 4
    with pytest.raises(UpstreamError) as caught:
        _embedder(upstream).embed(["a"])
    assert "503" in caught.value.why
    assert len(upstream.asked) == 4


def test_the_wait_that_an_upstream_asks_for_is_kept_within_a_bound(upstream):
    clock = ManualClock()
    upstream.script = [(429, b"", {"retry-after": "7"}), (429, b"", {"retry-after": "9999"})]
    before = clock.monotonic()
    _embedder(upstream, clock=clock).embed(["a"])
    assert clock.monotonic() - before == pytest.approx(27.0)


def test_a_refusal_is_not_tried_again(upstream):
    upstream.script = [(400, b'{"error": "too long"}', {})]
    with pytest.raises(UpstreamRefusedError) as caught:
        _embedder(upstream).embed(["a"])
    assert "too long" in caught.value.why
    assert len(upstream.asked) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>", b'{"data": []}', b'{"data": [{"index": 0, "embedding": [1.0, 2.0]}]}',
        b'{"data": [{"index": 5, "embedding": [1.0]}]}',
        b'{"data": [{"index": 0, "embedding": [' + b",".join([b"0.0"] * 32) + b"]}]}",
    ],
    ids=["not JSON", "nothing", "another length", "another index", "zeros"],
)  # fmt: skip
def test_an_answer_of_another_shape_is_an_error(upstream, answer):
    upstream.script = [(200, answer, {})]
    with pytest.raises(UpstreamError):
        _embedder(upstream).embed(["a"])


def test_the_key_is_sent_and_no_part_of_the_identity(upstream, tmp_path):
    (tmp_path / "key").write_text("very-secret\n")
    with_key = _embedder(upstream, key=f"file:{tmp_path / 'key'}", parameters={"dimensions": 32})
    with_key.embed(["a"])
    body, headers = upstream.asked[0]
    assert headers["authorization"] == "Bearer very-secret"
    assert (body["model"], body["dimensions"]) == ("embed-1", 32)
    assert with_key.digest == _embedder(upstream, parameters={"dimensions": 32}).digest != _embedder(upstream).digest


def test_a_reference_that_leads_nowhere_is_named(upstream):
    with pytest.raises(SettingError, match="env:NO_SUCH_KEY"):
        _embedder(upstream, key="env:NO_SUCH_KEY").embed(["a"])
    assert upstream.asked == []

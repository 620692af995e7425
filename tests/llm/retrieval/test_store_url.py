import pytest

from loopwright.errors import UsageError
from loopwright.llm.retrieval.store_url import check_url


@pytest.mark.parametrize(("url", "scheme"), [("file:vectors", "file"), ("qdrant://host:6333", "qdrant")])
def test_a_url_has_a_scheme(url, scheme):
    assert check_url(url) == scheme


@pytest.mark.parametrize("url", ["", "vectors", "://x", "File:x", "qdrant:"])
def test_what_is_no_url_is_refused(url):
    with pytest.raises(UsageError, match="names no vector store"):
        check_url(url)


def test_a_secret_is_refused_and_not_repeated():
    with pytest.raises(UsageError) as caught:
        check_url("qdrant://user:hunter2@host")
    assert "hunter2" not in str(caught.value.as_dict())

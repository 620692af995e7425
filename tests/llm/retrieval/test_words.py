import pytest

from loopwright.llm.retrieval.words import stemmed, terms_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Releases", "release"),
        ("queries", "query"),
        ("ﬁle", "file"),
        ("STRASSE", "straße"),
        ("min_requests", "min requests"),
        ("検索", "検 索"),
        ("café", "cafe\u0301"),
    ],
)
def test_forms_of_a_word_are_the_same_word(one, other):
    assert terms_of(one, stem=True) == terms_of(other, stem=True)


@pytest.mark.parametrize(("one", "other"), [("10", "100"), ("canary", "canaries1"), ("glass", "glas")])
def test_other_words_are_others(one, other):
    assert terms_of(one, stem=True) != terms_of(other, stem=True)


def test_without_stemming_endings_count():
    assert terms_of("releases", stem=False) != terms_of("release", stem=False)


@pytest.mark.parametrize("word", ["bus", "glass", "is", "k8s", "aes"])
def test_what_is_no_plural_stays(word):
    assert stemmed(word) == word

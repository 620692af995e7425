from time import perf_counter

import pytest

from loopwright.llm.cache.doubts.reading import MOST_CHARACTERS, number, read, stem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I can't log in", ("i", "can", "not", "login")),
        ("What\u2019s my e-mail?", ("what", "is", "my", "email")),
        ("Turn off the light each day", ("disable", "the", "light", "perday")),
        ("It costs $5, at least", ("it", "costs", "$", "5", "atleast")),
        ("At what time is it?", ("when", "is", "it")),
    ],
)
def test_words_are_written_one_way(text, words):
    assert read(text).words == words


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("1,000 of 2.5 and three", ("1000", "2.5", "3")),
        ("the second of March 2024", ("2", "2024")),
        ("version 3.11.7", ("3.11.7",)),
        ("on 2024-03-01", ("2024-03-01",)),
        ("one of them", ()),
    ],
)
def test_numbers_are_found_as_digits_and_as_words(text, numbers):
    assert read(text).numbers == numbers


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Where is Berlin? Paris is far.", {"berlin"}),
        ("I think I saw Ann's dog", {"ann"}),
        ("the cat", set()),
        ("Ask O'Neill", {"o'neill"}),
    ],
)
def test_names_are_capitals_that_begin_no_sentence(text, names):
    assert read(text).names == names


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("use os.path.join here", {"os.path.join"}),
        ("the flag --dry-run", {"--dry-run"}),
        ("a KeyError in my_file", {"KeyError", "my_file"}),
        ("C++ and SQL", {"C++", "SQL"}),
        ("plain words", set()),
    ],
)
def test_code_is_found(text, code):
    assert read(text).code == code


def test_what_is_quoted_is_found_in_any_quotation_marks():
    assert read("translate “Good Night” and 'bye now'").quoted == {"good night", "bye now"}
    assert read("don't, it's the users' choice").quoted == frozenset()


@pytest.mark.parametrize(
    ("one", "other"),
    [("deleting", "deletes"), ("running", "run"), ("cities", "city"), ("purchase", "buy"), ("installed", "install")],
)
def test_forms_of_a_word_have_one_stem(one, other):
    assert stem(one) == stem(other)


@pytest.mark.parametrize(("one", "other"), [("bus", "bug"), ("status", "state"), ("open", "close"), ("class", "clap")])
def test_other_words_have_other_stems(one, other):
    assert stem(one) != stem(other)


def test_a_word_is_no_number():
    assert number("cat") is None


def test_a_long_text_is_not_read_to_its_end():
    assert read("a" * MOST_CHARACTERS).whole
    assert not read("a" * (MOST_CHARACTERS + 1)).whole


ODD = ["", " ", "\x00", "🙂", "'''", "----", "$", "\ud800", "a" * 30_000, "(" * 20_000, "'a " * 7000, "aA" * 10_000]


@pytest.mark.parametrize("text", [*ODD, "a." * 10_000, '"' * 20_000, "1-" * 10_000, "how come " * 2500])
def test_any_text_can_be_read_in_a_moment(text):
    began = perf_counter()
    read(text)
    assert perf_counter() - began < 1.0

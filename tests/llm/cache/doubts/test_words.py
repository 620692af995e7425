from loopwright.llm.cache.doubts.words import (
    DATES,
    FUNCTION_SETS,
    NEGATIONS,
    NUMBERS,
    OPPOSITES,
    SAME_WORDS,
    UNITS,
)


def test_no_word_is_its_own_opposite():
    for poles in OPPOSITES:
        words = [word for pole in poles for word in pole]
        assert len(words) == len(set(words)), words


def test_opposites_are_not_taken_for_the_same_word():
    for poles in OPPOSITES:
        names = [{SAME_WORDS.get(word, word) for word in pole} for pole in poles]
        assert not names[0] & names[1], poles


def test_number_words_say_their_value():
    assert (NUMBERS["zero"], NUMBERS["first"], NUMBERS["twelfth"], NUMBERS["nineteen"]) == ("0", "1", "12", "19")
    assert NUMBERS["twenty"] == "20"
    assert "one" not in NUMBERS, "`the new one` is no number"


def test_a_unit_and_a_date_go_by_one_name():
    assert UNITS["kilometres"] == UNITS["km"] != UNITS["miles"]
    assert DATES["sundays"] == DATES["sunday"] != DATES["monday"]


def test_every_language_of_function_words_can_negate():
    for language, words in FUNCTION_SETS.items():
        assert words & NEGATIONS, language

from tests.llm.cache.asks import answer

from loopwright.llm.cache.kept_answer import KeptAnswer
from loopwright.llm.cache.recent_answers import RecentAnswers


def _kept(size):
    return KeptAnswer(at=0, reply=answer("", body=b"x" * size))


def test_the_least_used_goes_first_when_there_is_no_room():
    recent = RecentAnswers(20_000)
    for name in "abcdefgh":
        recent.put(name, _kept(1000))
    recent.get("a")
    recent.put("i", _kept(1000))
    recent.put("j", _kept(1000))
    recent.put("k", _kept(1000))
    assert recent.get("b") is None
    assert recent.get("a") is not None
    assert recent.size_bytes <= 20_000


def test_what_it_takes_is_what_its_answers_take():
    recent = RecentAnswers(1 << 20)
    for size in (10, 500, 10):
        recent.put("same", _kept(size))
    assert recent.size_bytes == _kept(10).size_bytes
    recent.drop("same")
    recent.drop("same")
    assert (recent.size_bytes, len(recent)) == (0, 0)


def test_an_answer_that_would_push_out_most_others_is_not_kept():
    recent = RecentAnswers(80_000)
    recent.put("small", _kept(100))
    recent.put("large", _kept(20_000))
    assert recent.get("large") is None
    assert recent.get("small") is not None


def test_thousands_of_answers_stay_within_the_bound():
    recent = RecentAnswers(100_000)
    for number in range(5000):
        recent.put(str(number), _kept(number % 3000))
    assert recent.size_bytes <= 100_000
    assert recent.get("4999") is not None

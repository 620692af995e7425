import msgspec
import pytest

from loopwright.pipelines.fingerprint import Fingerprint, Identity, changes, shown

BASE = Fingerprint(
    identity=Identity(
        code={"m:f": "1"}, parameters={"rate": 0.5}, environment={"numpy": "2.4"}, data={"flights": "a" * 64}
    ),
    inputs={"rows": "d1"},
)


def with_(**parts):
    return Fingerprint(identity=msgspec.structs.replace(BASE.identity, **parts), inputs=BASE.inputs)


@pytest.mark.parametrize(
    ("other", "part", "text"),
    [
        (with_(code={"m:f": "2"}), "code", "f in m changed"),
        (with_(parameters={"rate": 1}), "parameter", "the parameter rate changed from 0.5 to 1"),
        (with_(environment={"numpy": "2.5"}), "environment", "the package numpy changed from 2.4 to 2.5"),
        (with_(data={"flights": "b" * 64}), "data", f"the data flights changed from {'a' * 12} to {'b' * 12}"),
        (Fingerprint(identity=BASE.identity, inputs={"rows": "d2"}), "input", "the input rows is another value"),
    ],
)
def test_each_part_changes_the_digest_and_is_named(other, part, text):
    assert other.digest != BASE.digest
    (reason,) = changes(BASE, other)
    assert (reason.part, reason.text) == (part, text)


def test_equal_fingerprints_have_one_digest_and_seed_whatever_the_order():
    one = with_(environment={"a": "1", "b": "2"})
    two = with_(environment={"b": "2", "a": "1"})
    assert one.digest == two.digest
    assert changes(one, two) == ()
    assert one.seed == two.seed
    assert 0 <= one.seed < 2**32


def test_it_is_read_back_from_json():
    assert msgspec.json.decode(msgspec.json.encode(BASE), type=Fingerprint).digest == BASE.digest


def test_one_and_one_point_zero_are_two_parameters():
    assert with_(parameters={"rate": 1}).digest != with_(parameters={"rate": 1.0}).digest
    assert changes(with_(parameters={"rate": 1}), with_(parameters={"rate": 1.0}))


def test_a_long_value_is_shown_as_its_digest():
    assert shown([1, 2]) == [1, 2]
    assert set(shown("a" * 300)) == {"digest"}

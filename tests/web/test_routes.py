import pytest

from loopwright.errors import NotFoundError, UsageError
from loopwright.web.http import Request
from loopwright.web.routes import Route, Routes, flag


async def answer(request):
    raise NotImplementedError


FIXED = Route(path="/v2", handlers={"GET": answer})
ONE = Route(path="/predict/{endpoint}", handlers={"GET": answer, "POST": answer})
TWO = Route(path="/predict/{endpoint}/versions/{version}", handlers={"POST": answer})
ROUTES = Routes([FIXED, ONE, TWO])


@pytest.mark.parametrize(
    ("path", "route", "named"),
    [
        ("/v2", FIXED, {}),
        ("/predict/a.b", ONE, {"endpoint": "a.b"}),
        ("/predict/a/versions/b", TWO, {"endpoint": "a", "version": "b"}),
    ],
)
def test_a_path_finds_its_route_and_what_it_names(path, route, named):
    assert ROUTES.find(path) == (route, named)


@pytest.mark.parametrize("path", ["", "/", "/v2/", "/predict/", "/predict/a/", "/predict/a/b", "/predict//versions/b"])
def test_any_other_path_is_not_found(path):
    with pytest.raises(NotFoundError):
        ROUTES.find(path)


def test_head_is_a_get_and_other_methods_are_refused_with_those_that_are_not():
    assert ONE.handler("HEAD") is answer
    with pytest.raises(UsageError) as caught:
        TWO.handler("HEAD")
    assert caught.value.context == {"http_status": 405, "allow": "POST, OPTIONS"}
    assert ONE.methods == ("GET", "POST", "HEAD", "OPTIONS")


def asked(query):
    return Request(method="GET", path="/", headers={}, receive=None, query=query)


@pytest.mark.parametrize(
    ("query", "on"), [(b"", False), (b"explain=true", True), (b"explain=1&a", True), (b"explain=0&explain=TRUE", True)]
)
def test_a_flag_is_on_or_off(query, on):
    assert flag(asked(query), "explain") is on


@pytest.mark.parametrize("query", [b"explain=maybe", b"explain=%ff", b"&".join([b"a=1"] * 200)])
def test_a_query_that_says_neither_is_refused(query):
    with pytest.raises(UsageError):
        flag(asked(query), "explain")

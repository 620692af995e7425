"""Arms of applications: a failing version hurts nobody, whatever it fails at; what was done is in the log."""

import httpx
import openai
import pytest
from tests.web.gateway.gateways import Gateway, application, eventually, upstream_of

from loopwright.llm.prompts.prompt import Prompt
from loopwright.release.routing import Arm
from loopwright.testing.upstream_server import LocalUpstream

HELLO = [{"role": "user", "content": "Hello there"}]


@pytest.fixture
def second():
    with LocalUpstream() as server:
        yield server


def champion_and(home, champion, canary, *, share=1.0, role="canary", **fields):
    """A champion with another arm beside it, as a release sets them."""
    good, other = home.bundle(champion), home.bundle(canary)
    left = 1.0 if role == "shadow" else 1.0 - share
    home.arms(
        "support",
        Arm(name="champion", role="champion", version=good, share=left),
        Arm(name="candidate", role=role, version=other, share=share),
        release="rel_1",
        **fields,
    )
    return good, other


def ask(gateway, text="Hello there", **fields):
    raw = gateway.openai().chat.completions.with_raw_response.create(
        model="support", messages=[{"role": "user", "content": text}], **fields
    )
    return raw.headers, raw.parse().choices[0].message.content


def test_what_a_canary_fails_the_champion_answers_until_the_canary_is_stopped(home, upstream, second):
    good, bad = champion_and(home, application(upstream_of(upstream)), application(upstream_of(second, model="broken")))
    second.behaviour.fail("500")
    with Gateway(home) as gateway:
        answers = [ask(gateway) for _ in range(5)]
        assert {headers["loopwright-version"] for headers, _ in answers} == {good}
        assert {headers["loopwright-arm"] for headers, _ in answers} == {"champion"}
        row = home.row(answers[0][0]["x-request-id"])
        assert (row["fallback_from"], row["status"]) == ("candidate", 200)
        tripped = eventually(lambda: home.events("arm_tripped")[0])
        assert (tripped.data["arm"], tripped.data["version"], tripped.data["release"]) == ("candidate", bad, "rel_1")
        assert gateway.ready()["endpoints"]["support"]["arms"] == {"candidate": "tripped"}
        asked = second.counts["calls"]
        ask(gateway)
        assert second.counts["calls"] == asked
    stats = home.stores.tables.scan("arm_stats").to_dicts()
    failed = sum(row["errors"] for row in stats if row["arm"] == "candidate")
    assert failed == 3


def test_a_stream_fails_over_until_its_first_piece(home, upstream, second):
    good, _ = champion_and(home, application(upstream_of(upstream)), application(upstream_of(second)))
    second.behaviour.fail("500")
    with Gateway(home) as gateway:
        chunks = list(gateway.openai().chat.completions.create(model="support", messages=HELLO, stream=True))
        assert "Hello there" in "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        row = eventually(lambda: home.rows()[0])
        assert (row["version"], row["fallback_from"], row["stream"]) == (good, "candidate", True)


def test_a_canary_that_refuses_what_the_champion_answers_has_failed(home, upstream, second):
    needs = Prompt(name="needs", user="{{ question }} for {{ customer }}", variables=("customer",))
    champion_and(home, application(upstream_of(upstream)), application(upstream_of(second), prompt=needs, example={
        "messages": HELLO, "variables": {"customer": "ACME"}
    }))  # fmt: skip
    with Gateway(home) as gateway:
        headers, _ = ask(gateway)
        assert headers["loopwright-arm"] == "champion"
        headers, said = ask(gateway, extra_body={"variables": {"customer": "ACME"}})
        assert (headers["loopwright-arm"], "ACME" in said) == ("candidate", True)
    stats = home.stores.tables.scan("arm_stats").to_dicts()
    assert sum(row["errors"] for row in stats if row["arm"] == "candidate") == 1


def test_what_the_champion_refuses_is_the_callers_and_nobodys_failure(home, upstream):
    needs = Prompt(name="needs", user="{{ question }} for {{ customer }}", variables=("customer",))
    home.serve("support", application(upstream_of(upstream), prompt=needs, example={
        "messages": HELLO, "variables": {"customer": "ACME"}
    }))  # fmt: skip
    with Gateway(home) as gateway:
        with pytest.raises(openai.BadRequestError) as caught:
            ask(gateway)
        assert "customer" in caught.value.body["message"]
        row = eventually(lambda: home.rows()[0])
        assert (row["status"], row["error"], row["arm"]) == (400, "LW111", None)
    assert upstream.counts["calls"] == 0


def test_where_the_champion_fails_the_version_before_answers_and_then_the_default(home, upstream, second):
    before = home.bundle(application(upstream_of(second)))
    default = {"text": "We are closed."}
    home.serve("support", application(upstream_of(upstream)), previous=before, default=default)
    upstream.behaviour.fail("500")
    with Gateway(home) as gateway:
        headers, said = ask(gateway)
        assert (headers["loopwright-arm"], headers["loopwright-version"]) == ("previous", before)
        assert "Hello there" in said
        second.behaviour.fail("500")
        headers, said = ask(gateway)
        assert (headers["loopwright-arm"], said) == ("default", "We are closed.")
        streamed = gateway.openai().chat.completions.create(model="support", messages=HELLO, stream=True)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in streamed) == "We are closed."
        row = home.row(headers["x-request-id"])
        assert (row["arm"], row["fallback_from"], row["upstream"]) == ("default", "champion", None)


def test_where_nothing_answers_the_caller_is_told_and_may_try_again(home, upstream):
    home.serve("support", application(upstream_of(upstream)))
    upstream.behaviour.fail("500")
    with Gateway(home) as gateway:
        with pytest.raises(openai.InternalServerError) as caught:
            ask(gateway)
        assert caught.value.status_code == 502
        assert caught.value.response.headers["retry-after"] == "1"
        row = eventually(lambda: home.rows()[0])
        assert (row["status"], row["error"], row["arm"]) == (502, "LW516", "champion")


def test_a_shadow_is_given_copies_and_answers_nobody(home, upstream, second):
    good, shadow = champion_and(
        home, application(upstream_of(upstream)), application(upstream_of(second, model="other")), role="shadow"
    )
    with Gateway(home) as gateway:
        whole, _ = ask(gateway)
        list(gateway.openai().chat.completions.create(model="support", messages=HELLO, stream=True))
        eventually(lambda: [row for row in home.rows() if row["shadow_of"]][1])
        copies = [row for row in home.rows() if row["shadow_of"]]
        assert {row["version"] for row in copies} == {shadow}
        assert whole["x-request-id"] in {row["shadow_of"] for row in copies}
        assert {row["status"] for row in copies} == {200}
        assert all(row["input_tokens"] for row in copies)
        assert whole["loopwright-version"] == good
    assert second.counts["calls"] == 2


def test_one_conversation_stays_with_one_arm_and_shares_are_kept(home, upstream, second):
    champion_and(home, application(upstream_of(upstream)), application(upstream_of(second)), share=0.5)
    with Gateway(home) as gateway:
        client = httpx.Client(base_url=gateway.url)
        body = {"model": "support", "messages": HELLO}

        def arm(**headers):
            return client.post("/v1/chat/completions", json=body, headers=headers).headers["loopwright-arm"]

        by_user = {user: {arm(**{"loopwright-user": f"user-{user}"}) for _ in range(3)} for user in range(20)}
        assert all(len(arms) == 1 for arms in by_user.values())
        assert {next(iter(arms)) for arms in by_user.values()} == {"champion", "candidate"}
        user, arms = next(iter(by_user.items()))
        answer = client.post("/v1/chat/completions", json={**body, "user": f"user-{user}"})
        assert answer.headers["loopwright-arm"] in arms
        row = home.row(answer.headers["x-request-id"])
        assert row["user"].startswith("h:")
        assert f"user-{user}" not in str(row)


def test_a_new_champion_is_followed_and_one_that_cannot_be_read_is_not(home, upstream):
    first = home.serve("support", application(upstream_of(upstream)))
    with Gateway(home) as gateway:
        assert ask(gateway)[0]["loopwright-version"] == first
        second = home.serve("support", application(upstream_of(upstream, model="other")))
        gateway.ready(support=home.revisions["support"])
        assert ask(gateway)[0]["loopwright-version"] == second
        home.serve("support", application(upstream_of(upstream, api="any-llm")))
        eventually(lambda: home.events("version_load_failed")[0])
        assert ask(gateway)[0]["loopwright-version"] == second
        failure = gateway.ready()["endpoints"]["support"]["failure"]
        assert failure["code"] == "LW501"

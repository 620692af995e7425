"""Guards, kept answers, budgets, retrieval, spans and content of calls, through a real worker."""

import json

import pytest
from tests.web.gateway.gateways import Gateway, application, eventually, upstream_of

from loopwright.app.budgets.declare import set_budget
from loopwright.app.indexes.building import build_index
from loopwright.app.keys import KeySpending, new_key
from loopwright.app.workspace import open_workspace
from loopwright.llm.answer_cache import CachePolicy
from loopwright.llm.application import Retrieval
from loopwright.llm.budgets.budget import Budget
from loopwright.llm.guards.declarations import personal_data, secrets
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.retrieval.index import Index
from loopwright.llm.tracing.search import spans_of_trace

KEY = "AKIAIOSFODNN7EXAMPLQ"
GUARDS = (personal_data(kinds=("email",)), secrets())


def body(text, **fields):
    return {"model": "support", "messages": [{"role": "user", "content": text}], **fields}


def streamed(gateway, text, path="/v1/chat/completions", **fields):
    with gateway.http.stream("POST", path, json=body(text, stream=True, **fields)) as answer:
        return answer.read().decode()


def test_a_secret_that_comes_in_is_refused_and_one_that_would_go_out_never_leaves(home, upstream):
    home.serve("support", application(upstream_of(upstream), guards=(secrets(direction="out"),)))
    home.serve("strict", application(upstream_of(upstream), guards=GUARDS))
    upstream.behaviour._say = lambda question: f"The key is {KEY} and that is all there is to say about it."
    with Gateway(home) as gateway:
        refused = gateway.http.post("/v1/chat/completions", json={**body(f"My key is {KEY}"), "model": "strict"})
        assert refused.status_code == 400
        assert KEY not in refused.text
        assert refused.json()["error"]["code"] == "LW515"
        row = home.row(refused.headers["x-request-id"])
        assert (row["status"], row["error"], row["upstream"]) == (400, "LW515", None)
        assert [found.split(":")[:2] for found in row["guards"]] == [["in", "secrets"]]
        asked = upstream.counts["calls"]
        whole = gateway.http.post("/v1/chat/completions", json=body("What is the key?"))
        assert (whole.status_code, whole.json()["error"]["code"]) == (400, "LW515")
        raw = streamed(gateway, "What is the key?")
        assert upstream.counts["calls"] == asked + 2
        for said in (whole.text, raw):
            assert KEY not in said.replace('"', "")
            assert "AKIA" not in said
        assert '"finish_reason":"content_filter"' in raw.replace(" ", "")
        assert raw.rstrip().endswith("[DONE]")
        row = eventually(lambda: next(row for row in home.rows() if row["stream"]))
        assert row["finish"] == "content_filter"
        assert row["output_tokens"] is not None
    for path in home.path.rglob("*"):
        assert not path.is_file() or KEY.encode() not in path.read_bytes(), path


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
def test_personal_data_is_masked_on_its_way_in_and_in_a_stream_out(home, upstream, path):
    home.serve("support", application(upstream_of(upstream), guards=GUARDS))
    with Gateway(home) as gateway:
        upstream.behaviour._say = lambda question: f"You said {question.last} and I know jane.doe@example.com too, yes."
        fields = {"max_tokens": 100} if path == "/v1/messages" else {}
        asked = body("I am john.doe@example.com", stream=True, **fields)
        if path == "/v1/responses":
            asked["input"] = asked.pop("messages")
        with gateway.http.stream("POST", path, json=asked) as answer:
            raw = answer.read().decode()
        assert answer.status_code == 200, raw
        assert "john.doe" not in json.dumps(upstream.seen[-1].body)
        for part in ("john.doe", "jane.doe", "jane"):
            assert part not in raw
        assert "yes" in raw
        row = home.row(answer.headers["x-request-id"])
        assert {found.split(":")[0] for found in row["guards"]} == {"in", "out"}


def test_an_answer_is_given_again_from_the_cache_also_as_a_stream_and_costs_nothing(home, upstream):
    home.serve("support", application(upstream_of(upstream), cache=CachePolicy(exact_s=60.0)))
    with Gateway(home) as gateway:
        first = gateway.http.post("/v1/chat/completions", json=body("Hello there"))
        again = gateway.http.post("/v1/chat/completions", json=body("Hello there"))
        assert "loopwright-cache" not in first.headers
        assert again.headers["loopwright-cache"] == "exact"
        assert again.json()["choices"] == first.json()["choices"]
        assert "Hello" in streamed(gateway, "Hello there")
        assert upstream.counts["calls"] == 1
        row = home.row(again.headers["x-request-id"])
        assert (row["cache"], row["upstream"], row["cost_usd"]) == ("exact", None, 0.0)
        other = gateway.http.post(
            "/v1/chat/completions", json=body("Hello there"), headers={"authorization": f"Bearer {home.token}"}
        )
        assert "loopwright-cache" not in other.headers


def test_one_rendered_chat_is_given_to_each_protocol_in_its_own_words(home, upstream):
    prompt = Prompt(name="kind", user="Please: {{ question }}", parameters={"max_tokens": 77})
    home.serve("support", application(upstream_of(upstream), prompt=prompt, cache=CachePolicy(exact_s=60.0)))
    with Gateway(home) as gateway:
        chat = gateway.openai().chat.completions.create(
            model="support", max_tokens=77, messages=[{"role": "user", "content": "Hello"}]
        )
        message = gateway.anthropic().messages.create(
            model="support", max_tokens=77, messages=[{"role": "user", "content": "Hello"}]
        )
        response = gateway.openai().responses.create(model="support", input="Hello", max_output_tokens=77)
    said = chat.choices[0].message.content
    assert (message.content[0].text, response.output_text, said) == (said, said, "Please: Hello")


def test_a_budget_is_kept_and_says_so_in_the_clients_terms(home, upstream):
    workspace = open_workspace(home.path.parent)
    set_budget(workspace, Budget(name="few", limit=3, unit="requests"))
    workspace.close()
    home.serve("support", application(upstream_of(upstream)))
    with Gateway(home) as gateway:
        answers = [gateway.http.post("/v1/chat/completions", json=body("Hello")) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 402, 402]
        assert answers[-1].json()["error"]["type"] == "insufficient_quota"
        streamed_answer = gateway.http.post("/v1/chat/completions", json=body("Hello", stream=True))
        assert streamed_answer.status_code == 402
        assert upstream.counts["calls"] == 3
        row = home.row(answers[-1].headers["x-request-id"])
        assert (row["status"], row["error"], row["arm"], row["upstream"]) == (402, "LW513", None, None)


def test_passages_of_the_pinned_index_are_in_the_prompt_the_row_and_the_spans(home, upstream):
    project = home.path.parent
    (project / "docs").mkdir()
    (project / "docs" / "hours.md").write_text("# Hours\n\nThe shop opens at nine in the morning.\n")
    (project / "docs" / "fish.md").write_text("# Fish\n\nTrout is sold on Fridays only.\n")
    workspace = open_workspace(project)
    built = build_index(workspace, Index("shop", source="docs/*.md"))
    workspace.close()
    prompt = Prompt(
        name="shop", user="{% for d in documents %}<document>{{ d.text }}</document>{% endfor %}\n{{ question }}"
    )
    made = application(upstream_of(upstream), prompt=prompt, retrieval=Retrieval(index="shop", limit=1))
    home.serve("support", home.bundle(made, index={"index": "shop", "version": built.version}))
    with Gateway(home) as gateway:
        raw = gateway.openai().chat.completions.with_raw_response.create(
            model="support", messages=[{"role": "user", "content": "When does the shop open in the morning?"}],
            extra_headers={"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01", "loopwright-session": "talk-1"},
        )  # fmt: skip
        assert "nine" in raw.parse().choices[0].message.content
        row = home.row(raw.headers["x-request-id"])
        assert len(row["passages"]) == 1
        assert row["trace_id"] == "ab" * 16
        found = gateway.http.post("/retrieve", json={"endpoint": "support", "question": "Trout?", "limit": 1})
        assert "Trout" in found.text
    spans = spans_of_trace(home.stores.tables, "ab" * 16)
    by_kind = {span.kind: span for span in spans}
    assert set(by_kind) == {"server", "internal", "client"}
    root = by_kind["server"]
    assert (root.parent_id, root.session) == ("cd" * 8, "talk-1")
    assert {by_kind[kind].parent_id for kind in ("internal", "client")} == {root.span_id}
    assert by_kind["client"].attributes["gen_ai.usage.input_tokens"] > 0
    assert 0 < by_kind["internal"].duration_us <= root.duration_us
    assert "nine" not in str(spans)


def test_a_document_of_a_team_is_given_to_the_keys_of_that_team_alone(home, upstream):
    project = home.path.parent
    (project / "docs").mkdir()
    (project / "docs" / "pay.md").write_text("# Pay\n\nThe bonus is four percent this year.\n")
    workspace = open_workspace(project)
    built = build_index(workspace, Index("shop", source="docs/*.md", access={"**": ["staff"]}))
    keys = [new_key(workspace, team, spending=KeySpending(team=team)).secret for team in ("staff", "guests")]
    workspace.close()
    prompt = Prompt(name="shop", user="{% for d in documents %}{{ d.text }}{% endfor %} {{ question }}")
    made = application(upstream_of(upstream), prompt=prompt, retrieval=Retrieval(index="shop", limit=1))
    home.serve("support", home.bundle(made, index={"index": "shop", "version": built.version}))
    found = []
    with Gateway(home) as gateway:
        for key in keys:
            client = gateway.openai(key)
            asked = client.chat.completions.with_raw_response.create(
                model="support", messages=[{"role": "user", "content": "What is the bonus?"}]
            )
            query = {"endpoint": "support", "question": "What is the bonus?", "limit": 1}
            retrieved = gateway.http.post("/retrieve", json=query, headers={"authorization": f"Bearer {key}"})
            found.append((len(home.row(asked.headers["x-request-id"])["passages"]), "four percent" in retrieved.text))
    assert found == [(1, True), (0, False)]


@pytest.mark.parametrize("content", ["off", "redacted", "full"])
def test_content_is_kept_only_where_it_was_switched_on(home, upstream, content):
    home.serve("support", application(upstream_of(upstream), guards=(personal_data(kinds=("email",)),)))
    with Gateway(home, LOOPWRIGHT_LLM_LOG_CONTENT=content) as gateway:
        answer = gateway.http.post("/v1/chat/completions", json=body("I am john.doe@example.com, hello"))
        row = home.row(answer.headers["x-request-id"])
        kept = json.dumps([row["inputs"], row["output"]])
        assert ("hello" in kept) == (content != "off")
        assert ("john.doe" in kept) == (content == "full")
        spans = str(spans_of_trace(home.stores.tables, row["trace_id"]))
        assert ("hello" in spans) == (content != "off")

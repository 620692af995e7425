"""Budgets over real workers and a real upstream that counts for itself: never passed, through streams and kills."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import msgspec
import pytest
from tests.web.gateway.gateways import Gateway, GatewayHome, application, eventually, new_home, upstream_of

from loopwright.core.ids import random_id
from loopwright.llm.budgets.account import Accounts
from loopwright.llm.budgets.budget import KIND, Budget
from loopwright.llm.budgets.figures import figures_of, read_holders
from loopwright.llm.budgets.meter import FOLDER
from loopwright.llm.budgets.spending_rules import REVISION_ID, REVISION_KIND
from loopwright.llm.prices.override import Override
from loopwright.llm.prices.price import Price
from loopwright.store.ledger import Record
from loopwright.testing.upstream_server import LocalUpstream

HELLO = [{"role": "user", "content": "Hello there."}]
BODY = {"model": "bot", "messages": HELLO, "max_tokens": 8}

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Any) -> Any:
    made = new_home(tmp_path)
    yield made
    made.stores.close()


def declare(home: GatewayHome, *budgets: Budget) -> None:
    records = [Record(kind=KIND, id=one.name, data=msgspec.to_builtins(one)) for one in budgets]
    revision = Record(kind=REVISION_KIND, id=REVISION_ID, data={"revision": random_id("rev")})
    home.stores.ledger.commit(records=[*records, revision])


def requests(limit: int) -> Budget:
    return Budget(name="b", limit=limit, unit="requests", every="total")


def ask(client: httpx.Client, *, stream: bool = False) -> int:
    """The status; a stream is read to its end."""
    answer = client.post("/v1/chat/completions", json={**BODY, "stream": stream})
    if answer.status_code == 200 and stream:
        assert answer.text.rstrip().endswith("[DONE]")
    return answer.status_code


def counted(home: GatewayHome) -> tuple[int, int]:
    """What the budget's account says: spent, and held for calls under way."""
    accounts = Accounts(home.stores.kv)
    keys = home.stores.kv.keys("budget/")
    if not keys:
        return 0, 0
    figures = figures_of(keys[0], accounts.read(keys)[keys[0]], read_holders(home.path / FOLDER))
    return figures.spent, figures.held


def test_two_workers_answer_as_many_calls_as_a_budget_has_and_refuse_the_others(home: GatewayHome) -> None:
    declare(home, requests(60))
    with LocalUpstream() as upstream:
        home.serve("bot", application(upstream_of(upstream)))
        with Gateway(home, name="worker-1") as one, Gateway(home, name="worker-2") as other:
            with ThreadPoolExecutor(20) as pool:
                clients = (one.http, other.http)
                asked = [pool.submit(ask, clients[n % 2], stream=n % 3 == 0) for n in range(100)]
                statuses = [call.result() for call in asked]
            refused = one.http.post("/v1/chat/completions", json=BODY)
            counts = upstream.counts["calls"]
    assert sorted(set(statuses)) == [200, 402]
    assert statuses.count(200) == 60 == counts
    assert refused.json()["error"]["code"] == "LW513"
    assert eventually(lambda: counted(home)) == (60, 0)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": HELLO, "max_tokens": 8}),
        ("/v1/chat/completions", {"messages": HELLO, "stream": True}),
        ("/v1/completions", {"prompt": "Hello", "max_tokens": 8}),
        ("/v1/completions", {"prompt": "Hello", "stream": True}),
        ("/v1/embeddings", {"input": "Hello"}),
        ("/v1/responses", {"input": "Hello", "max_output_tokens": 16}),
        ("/v1/responses", {"input": "Hello", "stream": True}),
        ("/v1/messages", {"messages": HELLO, "max_tokens": 8}),
        ("/v1/messages", {"messages": HELLO, "max_tokens": 8, "stream": True}),
    ],
)
def test_every_route_counts_streams_and_all(shared: Any, path: str, body: dict[str, Any]) -> None:
    home, gateway = shared
    before = counted(home)[0]
    answer = gateway.http.post(path, json={"model": "bot", **body})
    assert answer.status_code == 200, answer.text
    eventually(lambda: spent_is(home, before + 1))


def spent_is(home: GatewayHome, spent: int) -> None:
    assert counted(home) == (spent, 0)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A gateway with a budget in requests, for several tests."""
    made = new_home(tmp_path_factory.mktemp("shared"))
    declare(made, requests(1000))
    with LocalUpstream() as upstream:
        made.serve("bot", application(upstream_of(upstream)))
        with Gateway(made) as gateway:
            yield made, gateway
    made.stores.close()


def test_a_budget_of_a_cent_is_kept_to_the_cent(home: GatewayHome) -> None:
    declare(home, Budget(name="cent", limit=10**7, unit="usd", every="total"))
    with LocalUpstream() as upstream:
        home.serve("bot", application(upstream_of(upstream)))
        with Gateway(home) as gateway:
            unpriced = gateway.http.post("/v1/chat/completions", json=BODY)
            assert (unpriced.status_code, unpriced.json()["error"]["code"]) == (402, "LW514")
            assert upstream.counts["calls"] == 0
            price = Price(provider="openai", model="tiny", input="10", output="40")
            own = Override(model="tiny", price=price, since=0, made_at=0)
            home.stores.ledger.commit(records=[Record(kind="price", id="p1", data=msgspec.to_builtins(own))])
            declare(home)
            assert eventually(lambda: answered(gateway)) == 200
            answers = 1
            while ask(gateway.http) == 200:
                answers += 1
    costs = [row["cost_usd"] for row in home.rows() if row["status"] == 200]
    assert len(costs) == answers == upstream.counts["calls"]
    # The last call is refused by the most that it could take: its bytes as tokens, and its whole answer.
    assert 0.01 - 1.05 * bound_usd() < sum(costs) <= 0.01
    assert counted(home)[0] == round(sum(costs) * 1e9)


def bound_usd() -> float:
    return ((len(json.dumps(BODY)) + 40) * 10 + 8 * 40) / 1e6


def answered(gateway: Gateway) -> int:
    status = ask(gateway.http)
    assert status == 200
    return status


def test_calls_that_fail_and_callers_who_go_away_leave_nothing_set_aside(home: GatewayHome) -> None:
    declare(home, Budget(name="b", limit=10**6, unit="tokens", every="total"))
    with LocalUpstream() as upstream:
        home.serve("bot", application(upstream_of(upstream)))
        with Gateway(home) as gateway:
            upstream.fail("500")
            assert ask(gateway.http) == 502
            assert eventually(lambda: nothing_held(home)) == 0
            upstream.fail("slow")
            with gateway.http.stream("POST", "/v1/chat/completions", json={**BODY, "stream": True}) as answer:
                next(answer.iter_bytes())
            spent = eventually(lambda: something_spent(home))
            assert spent <= 8 + len(json.dumps(BODY)) + 100


def nothing_held(home: GatewayHome) -> int:
    spent, held = counted(home)
    assert held == 0
    return spent


def something_spent(home: GatewayHome) -> int:
    spent = nothing_held(home)
    assert spent > 0
    return spent


def test_a_worker_that_is_killed_under_load_loses_no_call_and_doubles_none_but_those_under_way(
    home: GatewayHome,
) -> None:
    declare(home, requests(10**6))
    callers = 8
    with LocalUpstream() as upstream:
        home.serve("bot", application(upstream_of(upstream)))
        for _ in range(2):
            with Gateway(home) as gateway:
                kill_under_load(gateway, callers)
        with Gateway(home) as gateway:
            assert ask(gateway.http) == 200
            counts = upstream.counts["calls"]
            spent, held = eventually(lambda: settled(home))
    assert held == 0
    assert counts <= spent <= counts + 2 * callers


def settled(home: GatewayHome) -> tuple[int, int]:
    spent, held = counted(home)
    assert held == 0
    assert len(list((home.path / FOLDER).iterdir())) == 1
    return spent, held


def kill_under_load(gateway: Gateway, callers: int) -> None:
    stop = threading.Event()

    def call() -> None:
        with httpx.Client(base_url=gateway.url, timeout=10.0) as client:
            while not stop.is_set():
                try:
                    client.post("/v1/chat/completions", json=BODY)
                except httpx.HTTPError:
                    return

    threads = [threading.Thread(target=call) for _ in range(callers)]
    for thread in threads:
        thread.start()
    time.sleep(1.0)
    gateway.kill()
    stop.set()
    for thread in threads:
        thread.join()

"""One worker, as a real process: what it keeps when it is killed, what it follows, when it ends."""

import socket
from concurrent.futures import ThreadPoolExecutor

import httpx

from loopwright.features.online import OnlineFeatures
from loopwright.features.view import FeatureView, SourceName, count, mean
from loopwright.web.worker import main

HOUR = 3_600_000_000


def test_an_answer_was_logged_before_it_was_given_even_if_the_worker_is_killed(home, worker, wait_until):
    home.arms(home.bundle())
    answered = []
    with worker(home) as process:
        process.ready()

        def keep_asking(thread):
            with httpx.Client(base_url=process.client.base_url) as client:
                while True:
                    try:
                        answer = client.post("/predict/flights", json=EXAMPLE | {"flight_id": f"t{thread}"})
                    except httpx.HTTPError:
                        return
                    answered.append(answer.json()["request_id"])

        def enough():
            assert len(answered) > 20

        with ThreadPoolExecutor(4) as pool:
            for thread in range(4):
                pool.submit(keep_asking, thread)
            wait_until(enough)
            process.kill()
    logged = {row["request_id"]: row for row in home.requests()}
    assert set(answered) <= set(logged)
    row = logged[answered[0]]
    assert (row["endpoint"], row["arm"], row["status"], row["error"]) == ("flights", "champion", 200, None)
    assert row["output"]["score"] == row["score"]
    assert row["latency_us"] > 0


EXAMPLE = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}


def test_a_worker_follows_the_champion_and_keeps_it_where_the_next_one_cannot_load(home, worker, wait_until):
    first, second = home.bundle(seed=1), home.bundle(seed=2)
    broken = home.bundle(seed=3, code="raise RuntimeError('not today')")
    home.arms(first)
    with worker(home) as process:
        process.ready(home.revision)
        assert process.predict().json()["version"] == first
        home.arms(second)
        process.ready(home.revision)
        assert process.predict().json()["version"] == second
        held = home.revision
        home.arms(broken)

        def noted():
            failure = process.ready()["failure"]
            assert "not today" in failure["why"]

        wait_until(noted)
        assert process.predict().json()["version"] == second
        assert wait_until(lambda: home.events("version_load_failed")[0]).data["code"] == "LW501"

        def leased():
            leases = [record.data for record in home.stores.ledger.search("lease")]
            (lease,) = [lease for lease in leases if lease["pid"] == process.child.pid]
            assert lease["revisions"] == {"flights": held}
            assert "not today" in lease["failures"]["flights"]["why"]

        wait_until(leased)
        home.arms(first)
        process.ready(home.revision)
        assert "failure" not in process.ready()


def test_before_a_version_is_there_the_worker_lives_but_is_not_ready(tmp_path, replay_home, worker):
    with worker(replay_home) as process:
        assert process.client.get("/health/live").status_code == 200
        assert process.client.get("/health/startup").status_code == 503
        assert process.client.get("/health/ready").status_code == 503
        answer = process.predict()
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "LW504", "1")


def test_a_replay_moves_the_clock_forward_and_features_are_as_known_then(replay_home, worker):
    view = FeatureView(
        "traffic", source=SourceName(name="departures", event_time="at"), entity="carrier",
        features={"delay_mean_1h": mean("delay", over="1h"), "departures_1h": count(over="1h")},
    )  # fmt: skip
    online = OnlineFeatures(replay_home.stores.kv, [view], grace="240h")
    online.push("departures", [{"carrier": "AA", "at": 10 * HOUR, "delay": 4.0}], known_at=10 * HOUR + 5)
    online.push("departures", [{"carrier": "AA", "at": 10 * HOUR + 1, "delay": 8.0}], known_at=10 * HOUR + 90)
    replay_home.arms(replay_home.bundle(features={"views": [view.to_json()]}))

    def ask(process, at):
        answer = process.client.post("/predict/flights", json=EXAMPLE, headers={"loopwright-clock": str(at)})
        assert answer.status_code == 200, answer.text
        return answer.json()["request_id"]

    with worker(replay_home) as process:
        process.ready()
        ids = [ask(process, 10 * HOUR + offset) for offset in (10, 100, 50, 2 * HOUR)]
        rubbish = process.client.post("/predict/flights", json=EXAMPLE, headers={"loopwright-clock": "soon"})
        assert rubbish.status_code == 400
    rows = {row["request_id"]: row for row in replay_home.requests()}
    seen = [(rows[id]["at"] - 10 * HOUR, *rows[id]["features"].values()) for id in ids]
    assert seen == [(10, 4.0, 1), (100, 6.0, 2), (100, 6.0, 2), (2 * HOUR, None, 0)]
    stats = replay_home.stores.tables.scan("arm_stats")
    assert stats["requests"].sum() == 4


def test_a_worker_whose_parent_is_gone_ends_and_takes_leave(home, worker):
    home.arms(home.bundle())
    with worker(home) as process:
        process.ready(home.revision)
        process.child.stdin.close()
        assert process.child.wait(timeout=20) == 0
        leases = [record.data for record in home.stores.ledger.search("lease")]
        assert [lease["ended"] for lease in leases if lease["pid"] == process.child.pid] == [True]
        assert not (home.path / "run" / "worker-1.json").exists()


def refusal(home, capsys, *arguments):
    code = main(["--home", str(home.path), "--endpoint", "flights", *arguments])
    return code, capsys.readouterr().err


def test_a_taken_port_is_refused_before_anything_starts(home, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, said = refusal(home, capsys, "--port", str(taken.getsockname()[1]))
    assert code == 1
    assert said.startswith("LW107")


def test_an_open_address_without_a_key_is_refused(home, capsys):
    code, said = refusal(home, capsys, "--host", "0.0.0.0", "--port", "0")
    assert code == 1
    assert said.startswith("LW507")
    assert "loopwright key new" in said


def test_a_folder_that_is_no_home_is_named(home, capsys, tmp_path):
    code = main(["--home", str(tmp_path), "--endpoint", "flights"])
    assert (code, capsys.readouterr().err[:5]) == (1, "LW409")

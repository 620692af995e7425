"""Doors, feedback and the log's policy at a whole worker."""

import os
import subprocess

import pytest

from loopwright.app.keys import new_key, revoke_key
from loopwright.app.workspace import open_workspace
from loopwright.core.access import Rate


@pytest.fixture(scope="module")
def workspace(home):
    opened = open_workspace(home.path.parent)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def open_worker(home, worker, workspace):
    """A worker that listens for other machines too, which a key makes it do."""
    new_key(workspace, "first")
    home.arms(home.bundle())
    with worker(home, "--host", "0.0.0.0", "--name", "open") as process:
        process.ready()
        yield process


def ask(process, secret=None):
    headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
    record = {"flight_id": "f1", "carrier": "AA", "distance": 500, "wind": 3.5}
    return process.client.post("/predict/flights", json=record, headers=headers)


def test_a_running_worker_heeds_a_new_key_and_a_revoked_one_within_a_second(open_worker, workspace, wait_until):
    made = new_key(workspace, "late")

    def status(wanted):
        assert ask(open_worker, made.secret).status_code == wanted

    assert ask(open_worker).status_code == 401
    wait_until(lambda: status(200), 1.0)
    revoke_key(workspace, made.id)
    wait_until(lambda: status(401), 1.0)


def test_a_key_is_good_for_what_its_scopes_say(open_worker, workspace, wait_until):
    keys = {scope: new_key(workspace, scope, scopes=(scope,)).secret for scope in ("predict", "feedback", "metrics")}
    label = {"endpoint": "flights", "labels": [{"key": "f1", "value": True}]}

    def statuses():
        found = {}
        for scope, secret in keys.items():
            headers = {"authorization": f"Bearer {secret}"}
            found[scope] = (
                ask(open_worker, secret).status_code,
                open_worker.client.post("/feedback", json=label, headers=headers).status_code,
                open_worker.client.get("/metrics", headers=headers).status_code,
            )
        assert found == {"predict": (200, 403, 403), "feedback": (403, 200, 403), "metrics": (403, 403, 200)}

    wait_until(statuses, 3.0)
    assert open_worker.client.get("/health/ready").status_code == 200


def test_a_key_s_rate_holds_and_says_what_is_left(open_worker, workspace, wait_until):
    made = new_key(workspace, "limited", rate=Rate.parse("3/h"))
    wait_until(lambda: ask(open_worker, made.secret).raise_for_status(), 2.0)
    answers = [ask(open_worker, made.secret) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429]
    assert [answer.headers["ratelimit-remaining"] for answer in answers] == ["1", "0", "0", "0"]
    assert 1100 < int(answers[-1].headers["retry-after"]) <= 1200
    assert answers[-1].json()["code"] == "LW511"


def test_feedback_is_kept_by_the_worker_and_told_in_the_journal(home, worker, wait_until):
    home.arms(home.bundle())
    with worker(home, "--name", "feedback") as process:
        process.ready()
        asked = process.predict().json()["request_id"]
        sent = {"endpoint": "flights", "request_id": asked, "value": 1.5, "kind": "reward", "metric": "spend"}
        answer = process.client.post("/feedback", json=sent)
        assert (answer.status_code, answer.json()) == (200, {"labels": 1})
        kept = [row for row in home.stores.tables.scan("labels").to_dicts() if row["request_id"] == asked]
        assert [(row["kind"], row["metric"], float(row["value"])) for row in kept] == [("reward", "spend", 1.5)]
        refused = process.client.post("/feedback", json=sent | {"metric": "!"})
        assert (refused.status_code, refused.json()["context"]["field"]) == (422, "labels[0].metric")
        by_key = process.client.post("/feedback", json={"endpoint": "flights", "key": "f1", "value": True})
        assert by_key.status_code == 401
        wrong = process.client.get("/feedback")
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")

        def told():
            assert home.events("rewards_landed")[-1].data == {"rewards": 1}

        wait_until(told, 5.0)


def test_a_sampled_log_says_what_each_row_stands_for_while_the_counts_stay_exact(home, worker, wait_until):
    home.arms(home.bundle())
    before = {row["request_id"] for row in home.requests()}
    policy = {"LOOPWRIGHT_LOG_SAMPLE": "0.2", "LOOPWRIGHT_REQUEST_LOG_REDACT": "carrier,wind:hash"}
    with worker(home, "--name", "sampled", **policy) as process:
        process.ready()
        asked = {process.predict().json()["request_id"] for _ in range(200)}
        refused = process.predict(distance=-1)
        assert refused.status_code == 422
        rows = [row for row in home.requests() if row["request_id"] not in before]
        kept = [row for row in rows if row["status"] == 200]
        assert 15 < len(kept) < 75
        assert {row["request_id"] for row in kept} < asked
        assert {row["weight"] for row in kept} == {5.0}
        assert {(row["inputs"].get("carrier"), row["inputs"]["wind"][:2]) for row in kept} == {(None, "h:")}
        assert [row["weight"] for row in rows if row["status"] == 422] == [None]

        def counted():
            stats = home.stores.tables.scan("arm_stats")
            assert stats["requests"].tail(1000).sum() >= 200

        wait_until(counted, 3.0)


def test_where_the_disk_is_full_requests_are_refused_or_answered_unlogged_as_the_setting_says(
    tmp_path, home, worker, wait_until
):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"this user may not mount a small file system: {mounted.stderr.strip()}")
    (tmp_path / "project").mkdir()
    small = type(home)(tmp_path / "project" / ".loopwright")
    try:
        (small.path / "tables").rmdir()
        (small.path / "tables").symlink_to(disk)
        small.arms(small.bundle())
        with worker(small) as process:
            process.ready()
            assert process.predict().status_code == 200
            (disk / "ballast").write_bytes(bytes(_left(disk)))
            answers = [process.predict() for _ in range(20)]
            assert {answer.status_code for answer in answers} <= {200, 507}
            assert (answers[-1].status_code, answers[-1].json()["code"]) == (507, "LW406")
            (disk / "ballast").unlink()
            assert process.predict().status_code == 200
        with worker(small, LOOPWRIGHT_REQUEST_LOG_FULL="drop") as process:
            process.ready()
            (disk / "ballast").write_bytes(bytes(_left(disk)))
            assert {process.predict().status_code for _ in range(50)} == {200}
            said = process.client.get("/health/ready")
            assert said.status_code == 200
            dropped = said.json()["degraded"]["request_log"]["dropped_rows"]
            assert 0 < dropped <= 50

            def told():
                assert sum(event.data["rows"] for event in small.events("request_log_dropped")) == dropped

            wait_until(told, 5.0)
            (disk / "ballast").unlink()
            assert process.predict().status_code == 200
            assert "degraded" not in process.client.get("/health/ready").json()
    finally:
        small.stores.close()
        subprocess.run(["umount", "-l", disk], check=True)


def _left(disk):
    """Bytes that still fit on a disk."""
    found = os.statvfs(disk)
    return found.f_bavail * found.f_bsize

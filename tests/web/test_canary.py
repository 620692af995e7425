"""A version on probation cannot hurt anyone: whatever it does, the champion answers that request."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from loopwright.release.breaker import BreakerRule


@pytest.fixture(scope="module")
def serving(home, worker, children):
    """A worker and whatever children the arms ask for."""
    home.arms(home.bundle())
    with children(home) as kept, worker(home) as process:
        process.ready()
        yield process, kept


@pytest.fixture
def on_probation(home, serving, faulty, request):
    """A new release of a faulty canary that gets every request."""
    process, kept = serving
    champion, canary, release = home.bundle(), home.bundle(seed=1, code=faulty), f"rel_{home.revision + 1}"
    moved = home.arms(champion, canary=canary, share=1.0, release=release)
    process.canary(home.revision)
    return home, process, kept, (champion, canary, moved)


def trips(home):
    """The trips of the latest release."""
    return [event for event in home.events("arm_tripped") if event.subject == f"release:rel_{home.revision}"]


def child_of(kept, version):
    return kept.supervisor.pids()[f"probation-{version[:16]}"]


def test_the_canary_answers_its_share(on_probation):
    home, process, _, (_, canary, _) = on_probation
    said = process.predict().json()
    assert (said["version"], said["arm"], said["release"]) == (canary, "candidate", f"rel_{home.revision}")


@pytest.mark.parametrize(("distance", "cause"), [(663, "shape"), (665, "shape"), (664, "crash")])
def test_one_fatal_failure_stops_the_arm_and_the_champion_answers_that_request(
    on_probation, wait_until, distance, cause
):
    home, process, _, (champion, canary, moved) = on_probation
    answer = process.predict(distance=distance)
    assert answer.status_code == 200
    assert (answer.json()["version"], answer.json()["fallback_from"]) == (champion, "candidate")
    assert process.predict().json()["version"] == champion

    def tripped():
        (event,) = trips(home)
        return event

    event = wait_until(tripped)
    assert (event.data["cause"], event.data["version"], event.data["release"]) == (
        cause,
        canary,
        f"rel_{home.revision}",
    )
    assert event.caused_by == (moved,)
    ours = [row for row in home.requests() if row["release"] == event.data["release"]]
    assert [row["fallback_from"] for row in ours].count("candidate") == 1


def test_a_burst_of_errors_stops_the_arm_and_no_request_fails(on_probation, wait_until):
    home, process, _, (champion, _, _) = on_probation
    assert process.predict(distance=661).json()["fallback_from"] == "candidate"
    assert process.predict().json()["arm"] == "candidate"
    answers = [process.predict(distance=661) for _ in range(8)]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.json()["version"] for answer in answers} == {champion}
    wait_until(lambda: trips(home)[0])
    assert "fallback_from" not in process.predict().json()


def test_a_child_is_given_no_home_no_keys_and_no_environment(on_probation):
    _, _, kept, (_, canary, _) = on_probation
    pid = child_of(kept, canary)
    with open(f"/proc/{pid}/environ", "rb") as file:
        names = {entry.partition(b"=")[0] for entry in file.read().split(b"\0") if entry}
    kept_names = {b"PATH", b"LANG", b"LC_ALL", b"TMPDIR", b"LD_LIBRARY_PATH", b"VIRTUAL_ENV"}
    pools = {b"OMP_NUM_THREADS", b"OPENBLAS_NUM_THREADS", b"MKL_NUM_THREADS", b"POLARS_MAX_THREADS"}
    assert names <= kept_names | pools
    opened = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
    assert not [path for path in opened if path.endswith((".db", ".db-wal", "token"))]


def test_a_stopped_arm_stays_stopped_when_a_worker_starts_again(on_probation, worker, wait_until):
    home, process, _, (champion, _, _) = on_probation
    process.predict(distance=663)
    wait_until(lambda: trips(home)[0])
    with worker(home, "--name", "worker-2") as again:
        assert again.ready(home.revision)["arms"] == {"candidate": "tripped"}
        assert again.predict().json()["version"] == champion


def test_a_canary_that_cannot_load_is_stopped_and_its_share_is_the_champions(home, serving, wait_until):
    process, _ = serving
    champion, canary = home.bundle(), home.bundle(seed=90, code="import a_package_that_is_not_here")
    home.arms(champion, canary=canary, share=1.0, release=f"rel_{home.revision + 1}")
    event = wait_until(lambda: trips(home)[0])
    assert event.data["cause"] == "load"
    assert process.predict().json()["version"] == champion
    trip = home.stores.ledger.record("arm_trip", f"flights/rel_{home.revision}/{canary}")
    assert "a_package_that_is_not_here" in trip.data["why"]


def test_a_child_killed_under_load_fails_no_request(on_probation, wait_until):
    home, process, kept, (champion, canary, _) = on_probation
    pid = child_of(kept, canary)
    with ThreadPoolExecutor(4) as pool:
        answers = [pool.submit(process.predict) for _ in range(40)]
        os.kill(pid, signal.SIGKILL)
        answers += [pool.submit(process.predict) for _ in range(40)]
        assert {answer.result().status_code for answer in answers} == {200}
    event = wait_until(lambda: trips(home)[0])
    assert event.data["cause"] == "crash"
    assert process.predict().json()["version"] == champion


def test_the_champion_takes_over_from_the_child_without_a_failed_request(on_probation, wait_until):
    home, process, kept, (_, canary, _) = on_probation
    pid = child_of(kept, canary)
    with ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(process.predict) for _ in range(100)]
        home.arms(canary, release=None)
        process.ready(home.revision)
        answers += [pool.submit(process.predict) for _ in range(20)]
        assert {answer.result().status_code for answer in answers} == {200}
    said = process.predict().json()
    assert (said["version"], said["arm"]) == (canary, "champion")

    def child_gone():
        assert not os.path.exists(f"/proc/{pid}")

    wait_until(child_gone)
    assert trips(home) == []


def test_a_child_that_hangs_is_not_waited_for(on_probation, wait_until):
    home, process, _, (champion, _, _) = on_probation
    answers = [process.predict(distance=662) for _ in range(BreakerRule().timeouts)]
    assert {answer.json()["version"] for answer in answers} == {champion}
    assert wait_until(lambda: trips(home)[0]).data["cause"] == "timeout"

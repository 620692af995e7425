"""One worker, as a real process over real HTTP."""


def test_answers_a_record_and_logs_it_before(home, worker):
    version = home.bundle()
    home.arms(version)
    with worker(home) as process:
        process.ready()
        answer = process.predict()
        assert answer.status_code == 200, answer.text
        said = answer.json()
        assert said["version"] == version
        assert said["arm"] == "champion"
        assert 0 <= said["score"] <= 1
        assert said["prediction"] is (said["score"] >= 0.5)
        process.kill()
    (row,) = home.requests()
    assert row["request_id"] == said["request_id"]
    assert row["key"] == "f1"
    assert row["score"] == said["score"]

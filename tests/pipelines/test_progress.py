from loopwright.pipelines.progress import silent


def test_progress_tells_each_step_once_begun_and_once_done(bench):
    bench.project.write("loop", "@step\ndef f(x): return x\n@pipeline\ndef fit(): return f(f(1))\n")
    bench.run()
    told = [(p.kind, p.step, p.index, p.total) for p in bench.progress]
    # The second call has what the first returned as its input, which is another fingerprint than the constant.
    assert told == [
        ("started", "f", 0, 2), ("finished", "f", 0, 2), ("started", "f-2", 1, 2), ("finished", "f-2", 1, 2),
    ]  # fmt: skip
    bench.progress.clear()
    bench.run()
    assert [p.kind for p in bench.progress] == ["reused", "reused"]
    assert silent(told[0]) is None

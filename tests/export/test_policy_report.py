"""The page of a policy replay."""

from loopwright.app.policies.course import Retrain
from loopwright.app.policies.replay import PolicyReplay, PolicyResult
from loopwright.export.policy_report import policy_report
from loopwright.export.report import render
from loopwright.monitoring.reference import DAY

RETRAIN = Retrain(at=15_820 * DAY, reason="<b>x</b> moved", outcome="rejected", rows=1_234, seconds=2.0)


def result(policy: str, *retrains: Retrain, gain: float | None = 0.0) -> PolicyResult:
    return PolicyResult(
        policy=policy,
        value=0.7,
        gain=gain,
        gain_low=gain,
        gain_high=gain,
        retrains=retrains,
        released=0,
        rejected=len(retrains),
        inconclusive=0,
        failed=0,
        training_s=2.0,
        cost=5.0,
        months=(0.7, None),
    )


def test_the_page_names_each_policy_its_gain_and_every_training() -> None:
    found = PolicyReplay(
        loop="small",
        metric="roc_auc",
        greater_is_better=True,
        first_day=15_796,
        end_day=15_850,
        rows=99_999,
        price=5.0,
        results=(result("never"), result("drift", RETRAIN, gain=0.0421), result("odd", gain=None)),
        months=(15_796, 15_826),
    )
    page = render(policy_report(found))
    for text in ("never", "0.0421", "99,999", "rejected", "1,234", "2013-04-24", "&lt;b&gt;x&lt;/b&gt; moved"):
        assert text in page, text
    assert "<b>x" not in page

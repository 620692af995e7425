"""The champion of an application before its own gate again: what its evaluations found when they were asked last."""

from loopwright.app.evaluations.aside import Turn, turn_of
from loopwright.app.evaluations.results import KeptResult, kept_results
from loopwright.app.monitor.look import Judged, Look
from loopwright.core.verdict import Outcome, Verdict, overall
from loopwright.evals.check import Evaluation
from loopwright.monitoring.rules.reevaluation import ReevaluationRule


def evaluated_again(rule: ReevaluationRule, look: Look) -> Judged:
    """The verdict of the newest turn. Old answers, failed turns and evaluations without bounds say nothing."""
    turn = turn_of(look.workspace, look.loop.name, "gate")
    why = _why_not(rule, look, turn)
    if why or turn is None:
        return Judged(verdicts=(Verdict(check=rule.name, outcome=Outcome.UNKNOWN, reason=why),))
    checks = [check for check in look.loop.gate if isinstance(check, Evaluation)]
    by_id = {kept.id: kept for kept in kept_results(look.workspace, version=look.version, limit=100)}
    found = [_verdict(check, by_id.get(str(turn.found.get(check.name)))) for check in checks]
    worst = overall(found)
    reasons = [f"{one.check}: {one.reason}" for one in found if one.outcome is worst] or ["nothing was asked for"]
    figures = {one.check: {"outcome": str(one.outcome), "value": one.value} for one in found}
    verdict = Verdict(check=rule.name, outcome=worst, reason="; ".join(reasons)[:600], details={"checks": figures})
    return Judged(verdicts=(verdict,))


def _why_not(rule: ReevaluationRule, look: Look, turn: Turn | None) -> str:
    if turn is None or turn.version != look.version:
        return "the champion has not been evaluated again yet"
    if turn.failed:
        return f"the evaluation failed: {turn.failed}"
    return "the last evaluation is too old" if look.now - turn.at > 2 * rule.period_us else ""


def _verdict(check: Evaluation, kept: KeptResult | None) -> Verdict:
    if kept is None:
        return Verdict(check=check.name, outcome=Outcome.UNKNOWN, reason="its result is not there")
    if kept.verdict is None:
        return Verdict(check=check.name, outcome=Outcome.NOT_APPLICABLE, reason="it has no bound of its own")
    return kept.verdict

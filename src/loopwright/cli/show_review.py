"""What is to be looked at, and what a turn of live evaluation found, as a person reads them in a terminal."""

from collections.abc import Sequence
from pathlib import Path

from loopwright.app.evaluations.generated import Generated
from loopwright.app.evaluations.live import LiveTurn
from loopwright.app.evaluations.review import ToReview
from loopwright.cli.render import line, table


def show_queue(found: Sequence[ToReview]) -> None:
    """Answers to look at."""
    if not found:
        line("Nothing to look at. Answers are kept where the setting llm_log_content says so.")
        return
    rows = [
        (one.request_id, one.reason.replace("_", " "), one.question[:80], one.answer[:120], ", ".join(one.failed))
        for one in found
    ]
    table(["request", "because", "question", "answer", "failed"], rows)


def show_generated(done: Generated, out: Path) -> None:
    """What a model wrote."""
    for why, count in done.without.items():
        line(f"{count} passages gave none: {why}")
    line(f"Wrote {len(done.cases)} cases to {out}")


def show_turn(turn: LiveTurn) -> None:
    """What was judged."""
    line(f"{turn.judged} of {turn.calls} new answers judged, {turn.left_out} left out for want of room")
    for name, count in sorted(turn.verdicts.items()):
        line(f"  {name.replace('_', ' ')}: {count}")
    line(f"judging cost {turn.judging_usd:.4g} USD")

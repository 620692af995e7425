"""The commands, as data: `--help` is written from this table, without importing any of them."""

from typing import NamedTuple


class Entry(NamedTuple):
    """One command.

    Its module is `loopwright.cli.commands.NAME` (a dash in the name is an underscore there) and holds either a function
    `command`, whose parameters Typer reads, or a `typer.Typer` named `app` for a noun with verbs of its own. `direct`
    names a function of the same parameters that is called without Typer where the options are plain.
    """

    name: str
    help: str
    example: str
    direct: str = ""

    @property
    def module(self) -> str:
        return "loopwright.cli.commands." + self.name.replace("-", "_")


GROUPS: tuple[tuple[str, tuple[Entry, ...]], ...] = (
    (
        "Start",
        (
            Entry("demo", "Watch a whole loop on real flights, in about a minute.", "loopwright demo"),
            Entry(
                "new",
                "Make a project from a template, or from your own table.",
                "loopwright new churn --data customers.csv --target churned",
            ),
        ),
    ),
    (
        "Build",
        (
            Entry("plan", "Show which steps would run, and why.", "loopwright plan"),
            Entry(
                "run",
                "Run what changed, judge the candidate, register the version.",
                "loopwright run",
                direct="loopwright.cli.run_answer:answer",
            ),
            Entry(
                "reproduce", "Rebuild a model and prove that it is the same one.", "loopwright reproduce churn@champion"
            ),
        ),
    ),
    (
        "Operate",
        (
            Entry(
                "predict",
                "Score a whole table: files, object stores, databases.",
                "loopwright predict --model churn@champion customers.parquet scores/",
            ),
            Entry("serve", "Answer requests with the champion.", "loopwright serve --port 8700"),
            Entry("up", "Run the whole loop: serve, watch, retrain, release.", "loopwright up"),
            Entry(
                "release",
                "Plan, start, watch, pause, promote, roll back and stop releases.",
                "loopwright release plan --version @latest --strategy canary",
            ),
            Entry(
                "retrain",
                "Train again now; show what would, what is suggested, what became of it.",
                "loopwright retrain status",
            ),
            Entry(
                "replay",
                "Drive a loop through recorded time, in a home of its own.",
                "loopwright replay replay.toml",
            ),
        ),
    ),
    (
        "LLM applications",
        (
            Entry(
                "gateway",
                "Answer OpenAI's and Anthropic's clients with your applications, or with one upstream.",
                "loopwright gateway --upstream http://127.0.0.1:11434/v1",
            ),
            Entry(
                "prompt", "Keep prompts in files and versions, compare them, move aliases.", "loopwright prompt list"
            ),
            Entry(
                "index",
                "Build, search, judge and roll back retrieval indexes.",
                "loopwright index search docs 'How do I roll back?'",
            ),
            Entry(
                "eval",
                "Judge versions by cases, compare two, report for a pull request.",
                "loopwright eval run --junit evals.xml",
            ),
            Entry("guard", "Try guards on texts, and measure how often they are wrong.", "loopwright guard eval"),
            Entry(
                "budget",
                "Limit what keys, users and teams may spend, and see what they spent.",
                "loopwright budget set month --per team --limit 200usd --every month",
            ),
            Entry("price", "See and set what models cost.", "loopwright price list"),
            Entry("cache", "Measure the cache of answers on your own traffic.", "loopwright cache eval"),
            Entry(
                "span",
                "Search traces, and see what took so long in a call.",
                "loopwright span search --longer-than 2s",
            ),
            Entry(
                "export",
                "Write what vLLM or KServe serve a fine-tuned adapter by.",
                "loopwright export vllm page-finder --base /models/qwen3 --to serving",
            ),
        ),
    ),
    (
        "Look",
        (
            Entry("status", "Show what is there: datasets, runs, models, releases, incidents.", "loopwright status"),
            Entry(
                "trace", "Print the chain of cause and effect behind a thing.", "loopwright trace model:churn@champion"
            ),
            Entry(
                "card", "Print a model's card: what it is, made of, and judged by.", "loopwright card churn@champion"
            ),
            Entry(
                "dataset",
                "Profile a dataset, and say what changed in its newest version.",
                "loopwright dataset flights",
            ),
            Entry(
                "report",
                "Write one HTML page about a loop: drift, arms, quality, causes.",
                "loopwright report --out loop.html",
            ),
            Entry(
                "label",
                "Ask people for the labels that tell most, take them back, learn from them.",
                "loopwright label queue --size 200",
            ),
            Entry(
                "policy",
                "Try retraining policies on the past: how often, at what cost, for what gain.",
                "loopwright policy replay --policy never --policy monthly --policy drift --out policies.html",
            ),
            Entry(
                "monitor",
                "Report on drift and quality, compare tables, try alarms, feed Prometheus and Grafana.",
                "loopwright monitor report --out monitor.html",
            ),
            Entry(
                "incident",
                "List and show incidents, acknowledge, silence and resolve them, see who was told.",
                "loopwright incident list",
            ),
            Entry("log", "Remove old rows of the request log.", "loopwright log prune --older-than 90d --dry-run"),
            Entry("job", "List, show and cancel batches that callers submitted.", "loopwright job list"),
            Entry("key", "Make, list and revoke keys for callers on other machines.", "loopwright key new ci"),
            Entry("doctor", "Check the home and say how to mend it.", "loopwright doctor"),
        ),
    ),
)

COMMANDS: dict[str, Entry] = {entry.name: entry for _, entries in GROUPS for entry in entries}


def overview(version: str) -> str:
    """The text of `loopwright --help`."""
    lines = [
        f"Loopwright {version}: the whole machine-learning loop, declared in one Python file.",
        "",
        "Usage: loopwright COMMAND [OPTIONS]",
    ]
    for title, entries in GROUPS:
        lines += ["", f"{title}:", *(f"  {entry.name:<11}{entry.help}" for entry in entries)]
    lines += [
        "",
        "Every command:",
        "  --json     Print the result, or the error, as one JSON value on stdout.",
        "  --debug    Show the trace of an error.",
        "  --help     Show how the command is used, with an example.",
        "",
        "Exit codes: 0 done, 1 user error, 2 data refused, 3 gate failed, 4 no verdict, 5 approval missing.",
    ]
    return "\n".join(lines)

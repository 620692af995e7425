"""A support bot that answers from documents, and says so when they do not."""

import os

import loopwright as lw
from loopwright import evals, llm

# Without a key the built-in model answers: it quotes sentences of the documents, and needs no network.
# With one: export OPENAI_API_KEY=…, or BOT_URL=http://127.0.0.1:11434/v1 and BOT_MODEL=… for a model of your own.
if "OPENAI_API_KEY" in os.environ or "BOT_URL" in os.environ:
    model = llm.Upstream(
        name="main",
        url=os.environ.get("BOT_URL", "https://api.openai.com/v1"),
        model=os.environ.get("BOT_MODEL", "gpt-5-mini"),
        key="env:OPENAI_API_KEY" if "OPENAI_API_KEY" in os.environ else "",
    )
else:
    model = llm.builtin_model()

docs = llm.Index("docs", source="docs/**/*.md", chunk=llm.chunks(words=120, overlap=20), embedder=llm.hashing())

bot = llm.Application(
    route=llm.Route(upstreams=(model,)),
    prompt=llm.prompt_file("prompts/answer.md"),
    retrieval=llm.Retrieval(index="docs", limit=6),
    guards=(
        llm.secrets(action="block"),
        llm.personal_data(action="redact", direction="in"),
        llm.prompt_injection(action="flag", direction="in"),
    ),
    cache=llm.CachePolicy(exact_s=3600),
    example={"messages": [{"role": "user", "content": "How do I roll a release back?"}]},
)

loop = lw.Loop(
    "support-bot",
    application=bot,
    gate=[
        # The built-in model reaches 0.59; ask more of a real one.
        evals.evaluation(
            "cases/questions.jsonl",
            evals.contains(any_of=True),
            evals.citations(),
            at_least={"contains": 0.5, "citations": 0.8},
            name="questions",
        ),
        evals.evaluation("cases/unanswerable.jsonl", evals.contains(any_of=True), at_least=0.9, name="unanswerable"),
        llm.recall_at(6, 0.8, cases="cases/questions.jsonl"),
    ],
    release=lw.Canary(steps=[10, 50, 100], min_requests=200, guards=[lw.error_guard(), lw.latency_guard()]),
    monitor=[lw.watch.error_rate(), lw.watch.latency(), lw.watch.volume()],
)

"""Makes the lessons, the cases, and a tiny model to begin with. Replace them by yours.

The lessons ask which page of Loopwright's documentation is about something; the cases ask the same in other words. The
tiny model is a Llama of random weights with a tokenizer that is trained here: it knows nothing before it is tuned.
"""

import json
import os
import re
from importlib.resources import files
from pathlib import Path

PAGES = ("budgets", "feedback", "guards", "incidents", "prompts", "releases", "retraining", "security")
LESSONS = (
    "Where do I read about {0}?",
    "Which page tells of {0}?",
    "Where is {0} described?",
    "What should I open for {0}?",
)
CASE = "Which page is about {0}?"
TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}"
    "{% if message.role == 'assistant' %}<end>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)


def corpus() -> Path:
    """Where the documentation lies: in the installed package, or beside its source."""
    package = Path(str(files("loopwright")))
    for folder in (package / "templates" / "llm" / "corpus", package.parent.parent / "docs"):
        if (folder / "releases.md").is_file():
            return folder
    raise SystemExit("the documentation of Loopwright is not installed; write data/lessons.jsonl yourself")


def topics(text: str) -> list[str]:
    """What a page is about: its headings and what it sets in bold."""
    plain = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    found = re.findall(r"^#+ (.+)$", plain, flags=re.MULTILINE) + re.findall(r"\*\*([^*\n]{3,30})\*\*", plain)
    return list(dict.fromkeys(one.strip().lower().replace("`", "") for one in found))


def lesson(question: str, answer: str) -> dict[str, object]:
    """One chat that is learnt from."""
    said = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    return {"messages": said}


def write(path: Path, rows: list[dict[str, object]]) -> None:
    """One JSON object a line."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def make_tiny(folder: Path, texts: list[str]) -> None:
    """A model of half a million random weights, about 2 MB."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = Tokenizer(models.BPE())
    letters.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = decoders.ByteLevel()
    special = ["<pad>", "<end>", "<system>", "<user>", "<assistant>"]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    letters.train_from_iterator(
        texts,
        trainers.BpeTrainer(vocab_size=1000, special_tokens=special, initial_alphabet=alphabet, show_progress=False),
    )
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=letters, pad_token="<pad>", eos_token="<end>")  # noqa: S106
    tokenizer.chat_template = TEMPLATE
    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=64,
            max_position_embeddings=256,
            initializer_range=0.05,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    pages = {name: (corpus() / f"{name}.md").read_text(encoding="utf-8") for name in PAGES}
    asked = [(topic, name) for name, text in pages.items() for topic in topics(text)]
    write(Path("data/lessons.jsonl"), [lesson(form.format(topic), name) for topic, name in asked for form in LESSONS])
    cases = [
        {"id": f"topic-{number}", "question": CASE.format(topic), "expected": name, "tags": [name]}
        for number, (topic, name) in enumerate(asked, start=1)
    ]
    write(Path("cases/questions.jsonl"), cases)
    print(f"{len(asked) * len(LESSONS)} lessons in data/, {len(cases)} cases in cases/")
    if "BASE_MODEL" not in os.environ:
        answers = [f"{CASE.format('it')} {name}" for name in PAGES for _ in range(100)]
        make_tiny(Path("base"), [*pages.values(), *answers])
        print("a tiny model of random weights in base/; BASE_MODEL=/path/of/a/model takes a real one")

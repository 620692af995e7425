"""Fine-tuning with LoRA: torch, transformers and PEFT alone, so that it runs without Loopwright too."""

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict, set_peft_model_state_dict
from transformers import AutoModelForCausalLM, AutoTokenizer

NOTHING = -100
"""The label of a token that is not learnt: the question's, and what fills up a batch."""
KEPT = ("adapter_config.json", "adapter_model.safetensors")


def tune(
    base: Path,
    chats: Sequence[list[dict[str, str]]],
    *,
    checkpoints: Path,
    steps: int,
    learning_rate: float,
    rank: int,
    say: Callable[[str], None] = print,
) -> tuple[dict[str, bytes], list[float]]:
    """Teach a model to answer as the chats do.

    Every 25 steps the progress is kept in `checkpoints`; a run that finds some goes on from there, and ends with the
    same weights as one that was not interrupted, on the same machine with the same number of threads.

    Returns:
        The adapter's files by name, and the loss of each step.
    """
    torch.manual_seed(0)
    tokenizer = AutoTokenizer.from_pretrained(base, local_files_only=True)
    lessons = [encoded(tokenizer, chat) for chat in chats]
    model = get_peft_model(
        AutoModelForCausalLM.from_pretrained(base, local_files_only=True, use_safetensors=True),
        LoraConfig(r=rank, lora_alpha=2 * rank, target_modules="all-linear", task_type="CAUSAL_LM"),
    )
    optimizer = torch.optim.AdamW((one for one in model.parameters() if one.requires_grad), lr=learning_rate)
    losses = resumed(checkpoints, model, optimizer)
    say(f"{'goes on from' if losses else 'begins at'} step {len(losses)} of {steps}")
    model.train()
    for step in range(len(losses), steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate * (1 - step / steps)
        loss = model(**batch(lessons, step, filler=tokenizer.pad_token_id or 0)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(round(loss.item(), 6))
        if (step + 1) % 25 == 0:
            keep(checkpoints, model, optimizer, losses)
            say(f"step {step + 1} of {steps}, loss {losses[-1]:.3f}")
    return saved(model, base.name), losses


def encoded(tokenizer: Any, chat: list[dict[str, str]]) -> tuple[list[int], list[int]]:
    """The tokens of a chat, and what is to be learnt of them: the last message."""
    question = tokenizer.apply_chat_template(chat[:-1], add_generation_prompt=True, tokenize=False)
    whole = tokenizer.apply_chat_template(chat, tokenize=False)
    if not whole.startswith(question):
        raise ValueError("the chat template of the base model does not put the answer behind the question")
    asked = tokenizer(question, add_special_tokens=False).input_ids
    answer = tokenizer(whole[len(question) :], add_special_tokens=False).input_ids
    return asked + answer, [NOTHING] * len(asked) + answer


def batch(lessons: Sequence[tuple[list[int], list[int]]], step: int, *, filler: int, size: int = 32) -> dict[str, Any]:
    """The lessons of a step, drawn by its number, so that a resumed run draws the same."""
    drawn = torch.randint(len(lessons), (size,), generator=torch.Generator().manual_seed(step)).tolist()
    width = max(len(lessons[one][0]) for one in drawn)
    rows = [(tokens + [filler] * (width - len(tokens)), labels + [NOTHING] * (width - len(tokens)), len(tokens))
            for tokens, labels in (lessons[one] for one in drawn)]  # fmt: skip
    return {
        "input_ids": torch.tensor([tokens for tokens, _, _ in rows]),
        "labels": torch.tensor([labels for _, labels, _ in rows]),
        "attention_mask": torch.tensor([[1] * length + [0] * (width - length) for _, _, length in rows]),
    }


def keep(folder: Path, model: Any, optimizer: Any, losses: list[float]) -> None:
    """Keep the progress; a kill while it is written leaves the one before."""
    state = {"adapter": get_peft_model_state_dict(model), "optimizer": optimizer.state_dict(), "losses": losses}
    writing = folder / "progress.writing"
    torch.save(state, writing)
    os.replace(writing, folder / "progress.pt")


def resumed(folder: Path, model: Any, optimizer: Any) -> list[float]:
    """Take up the progress that is there; the losses of the steps that were done."""
    if not (folder / "progress.pt").is_file():
        return []
    state = torch.load(folder / "progress.pt", weights_only=True)
    set_peft_model_state_dict(model, state["adapter"])
    optimizer.load_state_dict(state["optimizer"])
    return list(state["losses"])


def saved(model: Any, base: str) -> dict[str, bytes]:
    """The adapter's files as PEFT writes them, the same bytes for the same weights."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        files = {name: (Path(folder) / name).read_bytes() for name in KEPT}
    said = json.loads(files[KEPT[0]])
    said["base_model_name_or_path"] = base
    ordered = {key: sorted(value) if isinstance(value, list) else value for key, value in said.items()}
    return {**files, KEPT[0]: json.dumps(ordered, indent=2, sort_keys=True).encode()}


def curve(losses: Sequence[float]) -> bytes:
    """The loss by step as an SVG picture."""
    top = max(losses, default=1.0) or 1.0
    points = " ".join(f"{20 + 560 * n / max(1, len(losses) - 1):.1f},{180 - 160 * loss / top:.1f}"
                      for n, loss in enumerate(losses))  # fmt: skip
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 200" font-family="sans-serif" font-size="11">'
        f'<text x="20" y="14">loss, {losses[0]:.2f} to {losses[-1]:.2f} in {len(losses)} steps</text>'
        f'<polyline fill="none" stroke="#3366aa" stroke-width="1.5" points="{points}"/></svg>\n'
    ).encode()

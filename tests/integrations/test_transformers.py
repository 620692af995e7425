"""Models of transformers in this process, held to the stock client's own types. Needs torch, transformers and peft.

Run by `test_with_torch.py`, with the interpreter that LOOPWRIGHT_TORCH_PYTHON names, where this one has no torch.
"""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed here")
peft = pytest.importorskip("peft", reason="peft is not installed here")
tokenizers = pytest.importorskip("tokenizers")
transformers = pytest.importorskip("transformers")

from openai.types import Completion  # noqa: E402
from openai.types.chat import ChatCompletion, ChatCompletionChunk  # noqa: E402

from loopwright.errors import UsageError  # noqa: E402
from loopwright.integrations.transformers import answered  # noqa: E402
from loopwright.llm.local_upstream import LocalAnswer, LocalAsk  # noqa: E402
from loopwright.llm.provider import HttpAsk  # noqa: E402

HELLO = [{"role": "user", "content": "how is a key revoked"}]
TEXTS = ["how is a key revoked, and by whom is it revoked again", "the key of a door is not the key of a song"] * 20


def _tiny(folder: Path, *, template: str | None) -> Path:
    letters = tokenizers.Tokenizer(tokenizers.models.BPE())
    letters.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    letters.decoder = tokenizers.decoders.ByteLevel()
    alphabet = tokenizers.pre_tokenizers.ByteLevel.alphabet()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=300, special_tokens=["<pad>", "<end>"], initial_alphabet=alphabet, show_progress=False
    )
    letters.train_from_iterator(TEXTS, trainer)
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=letters, pad_token="<pad>", eos_token="<end>")
    tokenizer.chat_template = template
    torch.manual_seed(0)
    model = transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=64, intermediate_size=64, num_hidden_layers=1,
            num_attention_heads=1, num_key_value_heads=1, head_dim=64, max_position_embeddings=96,
            initializer_range=0.3, bos_token_id=None, eos_token_id=1, pad_token_id=0,
        )
    )  # fmt: skip
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _tiny(tmp_path_factory.mktemp("model"), template=None)


@pytest.fixture(scope="module")
def adapter(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(1)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tuned = peft.get_peft_model(model, peft.LoraConfig(r=4, target_modules="all-linear", init_lora_weights=False))
    where = tmp_path_factory.mktemp("adapter")
    tuned.save_pretrained(where)
    return where


def _asked(
    where: str, path: str = "/chat/completions", *, given_up: Callable[[], bool] = lambda: False, **body: Any
) -> LocalAnswer:
    ask = HttpAsk(path=path, body=json.dumps(body).encode())
    return answered(LocalAsk(where=where, ask=ask, given_up=given_up))


def _said(where: object, **body: Any) -> ChatCompletion:
    found = _asked(str(where), **{"messages": HELLO, "temperature": 0, "max_tokens": 12, **body})
    assert found.status == 200, found.body
    return ChatCompletion.model_validate_json(found.body)


def _text(where: object, **body: Any) -> str:
    return _said(where, **body).choices[0].message.content or ""


def _streamed(where: object, **body: Any) -> tuple[str, list[ChatCompletionChunk]]:
    given = {"messages": HELLO, "temperature": 0, "max_tokens": 12, "stream": True, **body}
    found = _asked(str(where), **given)
    assert found.pieces is not None
    *events, end = [line[6:] for line in (found.body + b"".join(found.pieces)).decode().split("\n\n") if line]
    assert end == "[DONE]"
    chunks = [ChatCompletionChunk.model_validate_json(event) for event in events]
    return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices), chunks


def test_a_chat_is_what_the_model_itself_would_say(folder: Path) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    ids = tokenizer("user: how is a key revoked\nassistant:", return_tensors="pt").input_ids
    made = model.generate(ids, max_new_tokens=12, do_sample=False, pad_token_id=0)[0, ids.shape[1] :]
    found = _said(folder)
    assert found.choices[0].message.content == tokenizer.decode(made, skip_special_tokens=True)
    assert found.usage is not None
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == (ids.shape[1], len(made))
    assert found.choices[0].finish_reason == "length"


def test_a_chat_template_is_used_where_there_is_one(tmp_path: Path) -> None:
    template = (
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}>{% endif %}"
    )
    where = _tiny(tmp_path / "templated", template=template)
    said = ChatCompletion.model_validate_json(_asked(str(where), messages=HELLO, temperature=0, max_tokens=12).body)
    plain = Completion.model_validate_json(
        _asked(str(where), "/completions", prompt="[user]how is a key revoked>", temperature=0, max_tokens=12).body
    )
    assert said.choices[0].message.content == plain.choices[0].text != ""


def test_a_stream_says_the_same_in_several_pieces_with_its_usage(folder: Path) -> None:
    text, chunks = _streamed(folder, stream_options={"include_usage": True})
    whole = _said(folder)
    assert text == whole.choices[0].message.content
    assert len([c for c in chunks if c.choices and c.choices[0].delta.content]) > 1
    assert chunks[-1].usage == whole.usage
    assert chunks[-2].choices[0].finish_reason == "length"


def test_an_adapter_changes_what_is_said_and_the_base_model_stays(folder: Path, adapter: Path) -> None:
    before = _text(folder)
    assert _text(f"{folder}?adapter={adapter}") != before
    assert _text(folder) == before


def test_a_stop_ends_the_answer_before_it_and_never_shows_a_part_of_it(folder: Path) -> None:
    whole = _text(folder, max_tokens=24)
    stop = whole[5:9]
    cut = whole[: whole.index(stop)]
    found = _said(folder, max_tokens=24, stop=[stop])
    assert (found.choices[0].message.content, found.choices[0].finish_reason) == (cut, "stop")
    streamed, _ = _streamed(folder, max_tokens=24, stop=[stop])
    assert streamed == cut
    assert found.usage is not None
    assert found.usage.completion_tokens < 24


def test_a_stop_that_does_not_come_takes_nothing_away(folder: Path) -> None:
    whole = _text(folder)
    assert _text(folder, stop=whole[-2:] + "never") == whole


def test_the_same_seed_says_the_same_and_another_seed_something_else(folder: Path) -> None:
    said = [_text(folder, temperature=1.5, seed=seed) for seed in (7, 7, 8)]
    assert said[0] == said[1] != said[2]


def test_calls_at_once_do_not_mix_even_where_they_draw_by_seed(folder: Path) -> None:
    drawn = {"temperature": 1.5, "seed": 7, "max_tokens": 40}
    questions = [f"key {number}" for number in range(8)]
    alone = [_text(folder, messages=[{"role": "user", "content": one}], **drawn) for one in questions]
    together: dict[str, str] = {}

    def ask(one: str) -> None:
        together[one] = _text(folder, messages=[{"role": "user", "content": one}], **drawn)

    threads = [threading.Thread(target=ask, args=(one,)) for one in questions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[one] for one in questions] == alone


def test_a_call_that_is_given_up_makes_no_more_tokens(folder: Path) -> None:
    left = threading.Event()
    found = _asked(
        str(folder), messages=HELLO, max_tokens=60, stream=True, stream_options={"include_usage": True},
        temperature=0, given_up=left.is_set,
    )  # fmt: skip
    left.set()
    *_, usage, _ = b"".join(found.pieces or ()).decode().split("\n\n")[:-1]
    assert json.loads(usage[6:])["usage"]["completion_tokens"] < 60


def test_the_room_of_the_model_bounds_the_answer(folder: Path) -> None:
    found = _said(folder, max_tokens=4000)
    assert found.usage is not None
    assert found.usage.total_tokens <= 96


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("/embeddings", {"input": "x"}, 404, "/embeddings"),
        ("/chat/completions", {}, 400, "messages"),
        ("/completions", {"messages": HELLO}, 400, "prompt"),
        ("/chat/completions", {"messages": HELLO, "n": 2}, 400, "n"),
        ("/chat/completions", {"messages": HELLO, "tools": [{}]}, 400, "tools"),
        ("/chat/completions", {"messages": HELLO, "temperature": "hot"}, 400, "temperature"),
        ("/chat/completions", {"messages": HELLO, "response_format": {"type": "json_object"}}, 400, "response_format"),
        ("/chat/completions", {"messages": [{"role": "user", "content": "key " * 300}]}, 400, "takes 96"),
    ],
)
def test_what_it_cannot_do_it_refuses(folder: Path, path: str, body: dict[str, Any], status: int, words: str) -> None:
    found = _asked(str(folder), path, **body)
    assert (found.status, words in json.loads(found.body)["error"]["message"]) == (status, True)


def test_a_folder_that_holds_no_model_is_named(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(UsageError, match=str(tmp_path)):
        _asked(str(tmp_path), messages=HELLO)
    with pytest.raises(UsageError, match="adapter_config"):
        _asked(f"{folder}?adapter={tmp_path}", messages=HELLO)
    with pytest.raises(UsageError, match="relative"):
        _asked("relative", messages=HELLO)
    with pytest.raises(UsageError, match="'lora'"):
        _asked(f"{folder}?lora=x", messages=HELLO)

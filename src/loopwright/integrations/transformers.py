"""Models of `transformers` as upstreams of this process: `transformers:FOLDER`, with `?adapter=FOLDER` where one is.

For small models, for trying an adapter and for tests: one answer is computed at a time, and every process that answers
holds a model of its own. Weights are read from safetensors in a folder; nothing is downloaded and no code of a model's
folder is run. Chats and completions are answered, streams token by token as they are made.
"""

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from queue import SimpleQueue
from typing import Annotated, Any
from urllib.parse import parse_qsl, unquote

import msgspec

from loopwright.core.codec import to_json
from loopwright.core.hashing import digest_bytes
from loopwright.errors import LoopwrightError, MissingExtraError, UsageError
from loopwright.llm.local_upstream import LocalAnswer, LocalAsk, refused

_MOST_MODELS = 3
"""Models in memory at once: a champion, a candidate, a shadow. The one that was used longest ago goes first."""
_MOST_WAITING = 16
_DEFAULT_TOKENS = 256
_HALF = "\ufffd"
_ANSWERING = threading.Lock()
_LOADING = threading.Lock()
_WAITING = threading.BoundedSemaphore(_MOST_WAITING)


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of a request. Tools, several answers and formats are refused; what is not named here is ignored."""

    messages: list[dict[str, Any]] | None = None
    prompt: str | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    max_completion_tokens: Annotated[int, msgspec.Meta(ge=1)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    n: Annotated[int, msgspec.Meta(ge=1, le=1)] | None = None
    tools: Annotated[list[Any], msgspec.Meta(max_length=0)] | None = None
    response_format: dict[str, Any] | None = None

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts before which the answer ends."""
        given = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(text for text in given if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A model in memory, with its adapter."""

    model: Any
    tokenizer: Any

    @property
    def room(self) -> int:
        """Tokens that a request and its answer may have together."""
        return int(getattr(self.model.config, "max_position_embeddings", 0) or 4096)

    def prompt_of(self, body: Body) -> Any:
        """The tokens that the answer goes on from: a tensor of shape (1, n)."""
        text = body.prompt if body.messages is None else chat_text(self.tokenizer, body.messages)
        return self.tokenizer(text, add_special_tokens=body.messages is None, return_tensors="pt").input_ids


def answered(call: LocalAsk) -> LocalAnswer:
    """The answer to a request in OpenAI's protocol; see `llm.local_upstream`.

    Raises:
        UsageError: The URL does not name a model's folder.
        MissingExtraError: `transformers`, `torch` or, for an adapter, `peft` is not installed.
    """
    if call.ask.path not in ("/chat/completions", "/completions"):
        return refused(404, f"a model in this process does not answer {call.ask.path}")
    try:
        body = msgspec.json.decode(call.ask.body, type=Body)
    except msgspec.MsgspecError as error:
        return refused(400, f"this model does not take the request: {error}")
    chat = call.ask.path == "/chat/completions"
    if (body.messages if chat else body.prompt) is None:
        return refused(400, "'messages' must be given" if chat else "'prompt' must be given, as one text")
    if (body.response_format or {}).get("type", "text") != "text":
        return refused(400, "this model cannot be held to a 'response_format'")
    return _begun(call, body if chat else msgspec.structs.replace(body, messages=None))


def chat_text(tokenizer: Any, messages: Sequence[Mapping[str, Any]]) -> str:
    """A chat as the model reads it: by the tokenizer's chat template, or line by line as `user: …` where it has none.

    Args:
        tokenizer: The model's.
        messages: Each with `role` and `content`.
    """
    said = [{"role": str(one.get("role", "user")), "content": _text(one.get("content"))} for one in messages]
    if getattr(tokenizer, "chat_template", None):
        return str(tokenizer.apply_chat_template(said, add_generation_prompt=True, tokenize=False))
    return "".join(f"{one['role']}: {one['content']}\n" for one in said) + "assistant:"


def _begun(call: LocalAsk, body: Body) -> LocalAnswer:
    folder, adapter = _folders(call.where)
    loaded = _loaded(folder, adapter)
    prompt = loaded.prompt_of(body)
    spent = int(prompt.shape[1])
    left = loaded.room - spent
    if left < 1:
        return refused(400, f"the request has {spent} tokens; this model takes {loaded.room} with its answer")
    asked = body.max_completion_tokens or body.max_tokens or _DEFAULT_TOKENS
    answer = _Answer(loaded, body, prompt=prompt, most=min(asked, left), given_up=call.given_up)
    about = {"id": f"cmpl-{digest_bytes(call.ask.body)[:24]}", "created": 0, "model": Path(adapter or folder).name}
    form = _Form(chat=body.messages is not None, about=about, body=body, answer=answer)
    if not answer.start():
        return refused(429, f"{_MOST_WAITING} calls are waiting for the models of this process")
    if not body.stream:
        return LocalAnswer(status=200, media_type=b"application/json", body=form.whole())
    return LocalAnswer(status=200, media_type=b"text/event-stream", body=form.head(), pieces=form.events())


class _Made:
    """What a model has made so far; written by its thread."""

    def __init__(self) -> None:
        self.tokens = 0
        self.ended = False
        self.failure: BaseException | None = None
        self.stopped = threading.Event()


class _Texts:
    """What a model makes, as text: one thread puts tokens, as `generate` wants it of a streamer, another reads."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._tokens: list[int] | None = None
        self._sent = ""
        self._queue: SimpleQueue[str | None] = SimpleQueue()

    def put(self, tokens: Any) -> None:
        """Further tokens; the first ones are the prompt's. Letters whose bytes are not all there yet are held back."""
        if self._tokens is None:
            self._tokens = []
            return
        self._tokens += tokens.reshape(-1).tolist()
        text = self._tokenizer.decode(self._tokens, skip_special_tokens=True)
        if not text.endswith(_HALF):
            self._send(text)

    def end(self) -> None:
        """There is no more."""
        self._send(self._tokenizer.decode(self._tokens or [], skip_special_tokens=True))
        self._queue.put(None)

    def __iter__(self) -> Iterator[str]:
        while (text := self._queue.get()) is not None:
            yield text

    def _send(self, text: str) -> None:
        self._queue.put(text[len(self._sent) :])
        self._sent = text


class _Answer:
    """One answer: made in a thread of its own, read as texts by another."""

    def __init__(self, loaded: Loaded, body: Body, *, prompt: Any, most: int, given_up: Callable[[], bool]) -> None:
        self._loaded = loaded
        self._body = body
        self._prompt = prompt
        self._most = most
        self._given_up = given_up
        self._made = _Made()
        self._texts = _Texts(loaded.tokenizer)
        self._ends = _ends_of(loaded)

    def start(self) -> bool:
        """Begin, and count as waiting until it is done; False where too many are."""
        if not _WAITING.acquire(blocking=False):
            return False
        threading.Thread(target=self._run, name="local-model", daemon=True).start()
        return True

    def texts(self) -> Iterator[str]:
        """What is said, as it comes, up to a stop. Raises what the model raised."""
        held, stops, coming = "", self._body.stops, iter(self._texts)
        for text in coming:
            held += text
            cut = min((place for place in map(held.find, stops) if place >= 0), default=-1)
            if cut >= 0:
                self._made.stopped.set()
                yield held[:cut]
                held = ""
                break
            safe = len(held) - _tail(held, stops)
            yield held[:safe]
            held = held[safe:]
        for _ in coming if self._made.stopped.is_set() else ():
            pass  # the thread sees the stop after its next token, and the count is whole only then
        if self._made.failure is not None:
            raise self._made.failure
        yield held

    @property
    def finish(self) -> str:
        """Why it ended."""
        return "stop" if self._made.ended or self._made.stopped.is_set() else "length"

    @property
    def usage(self) -> dict[str, int]:
        """Tokens, once it has ended."""
        spent = int(self._prompt.shape[1])
        made = self._made.tokens
        return {"prompt_tokens": spent, "completion_tokens": made, "total_tokens": spent + made}

    def _run(self) -> None:
        try:
            with _ANSWERING:
                if not self._given_up():
                    self._generate()
        except Exception as error:  # noqa: BLE001 - a thread's boundary: the reader raises it
            self._made.failure = error
        finally:
            _WAITING.release()
            self._texts.end()

    def _generate(self) -> None:
        import torch
        from transformers import StoppingCriteriaList

        body = self._body
        sampled = body.temperature is None or body.temperature > 0
        if sampled and body.seed is not None:
            torch.manual_seed(body.seed)
        elif sampled:
            torch.seed()
        choosing = {"temperature": body.temperature or 1.0, "top_p": body.top_p or 1.0, "top_k": 0} if sampled else {}
        with torch.inference_mode():
            self._loaded.model.generate(
                self._prompt,
                attention_mask=torch.ones_like(self._prompt),
                max_new_tokens=self._most,
                do_sample=sampled,
                pad_token_id=self._ends[0] if self._ends else 0,
                stopping_criteria=StoppingCriteriaList([self._look]),
                streamer=self._texts,
                **choosing,
            )

    def _look(self, tokens: Any, scores: Any, **_: Any) -> Any:  # noqa: ARG002 - the form of a criterion
        """After each token: count it, and say whether to stop."""
        import torch

        self._made.tokens = int(tokens.shape[1] - self._prompt.shape[1])
        self._made.ended = int(tokens[0, -1]) in self._ends
        stop = self._made.stopped.is_set() or self._given_up()
        return torch.full((tokens.shape[0],), stop, dtype=torch.bool, device=tokens.device)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """An answer in OpenAI's words: of chats, or of completions."""

    chat: bool
    about: Mapping[str, Any]
    body: Body
    answer: _Answer

    def whole(self) -> bytes:
        """As one body."""
        text = "".join(self.answer.texts())
        said: dict[str, Any] = (
            {"message": {"role": "assistant", "content": text, "refusal": None}} if self.chat else {"text": text}
        )
        choice = {"index": 0, "finish_reason": self.answer.finish, "logprobs": None, **said}
        kind = "chat.completion" if self.chat else "text_completion"
        return to_json({**self.about, "object": kind, "choices": [choice], "usage": self.answer.usage})

    def head(self) -> bytes:
        """The event that a stream begins with."""
        return self._event({"delta": {"role": "assistant", "content": ""}}, None) if self.chat else b""

    def events(self) -> Iterator[bytes]:
        """The events that follow."""
        for text in self.answer.texts():
            if text:
                yield self._event({"delta": {"content": text}} if self.chat else {"text": text}, None)
        yield self._event({"delta": {}} if self.chat else {"text": ""}, self.answer.finish)
        if (self.body.stream_options or {}).get("include_usage"):
            yield self._chunk({"choices": [], "usage": self.answer.usage})
        yield b"data: [DONE]\n\n"

    def _event(self, said: Mapping[str, Any], finish: str | None) -> bytes:
        return self._chunk({"choices": [{"index": 0, "finish_reason": finish, "logprobs": None, **said}]})

    def _chunk(self, fields: Mapping[str, Any]) -> bytes:
        kind = "chat.completion.chunk" if self.chat else "text_completion"
        return b"data: %b\n\n" % to_json({**self.about, "object": kind, **fields})


def _folders(where: str) -> tuple[str, str]:
    folder, _, query = where.partition("?")
    named = dict(parse_qsl(query, keep_blank_values=True))
    adapter = named.pop("adapter", "")
    if named:
        raise UsageError(
            f"transformers: knows no {sorted(named)[0]!r}", fix="Write transformers:FOLDER?adapter=FOLDER."
        )
    folder = unquote(folder)
    for path, file in ((folder, "config.json"), (adapter, "adapter_config.json")):
        if path and not (Path(path).is_absolute() and (Path(path) / file).is_file()):
            raise UsageError(
                f"{path} is no folder with a {file}",
                why="a model is read from a folder on this machine, named from the root",
                fix="Write transformers:/path/of/the/model, or transformers:part:NAME for a part of the bundle.",
            )
    return folder, adapter


def _loaded(folder: str, adapter: str) -> Loaded:
    with _LOADING:
        return _load(folder, adapter)


@lru_cache(maxsize=_MOST_MODELS)
def _load(folder: str, adapter: str) -> Loaded:
    try:
        from transformers import AutoModelForCausalLM, AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, use_safetensors=True)
        if adapter:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, adapter, use_safetensors=True)
    except ImportError as error:
        raise MissingExtraError(
            "models of transformers cannot be run here", why=str(error), fix="pip install 'loopwright[finetune]'"
        ) from error
    except LoopwrightError:
        raise
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise UsageError(f"the model in {folder} cannot be loaded", why=why[:500]) from error
    return Loaded(model=model.eval(), tokenizer=tokenizer)


def _ends_of(loaded: Loaded) -> tuple[int, ...]:
    ends = loaded.model.generation_config.eos_token_id
    if ends is None:
        ends = loaded.tokenizer.eos_token_id
    return () if ends is None else (ends,) if isinstance(ends, int) else tuple(ends)


def _tail(text: str, stops: Sequence[str]) -> int:
    """How much of the end of a text may be the beginning of a stop."""
    longest = max((len(stop) - 1 for stop in stops), default=0)
    for size in range(min(longest, len(text)), 0, -1):
        if any(stop.startswith(text[-size:]) for stop in stops):
            return size
    return 0


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(str(part.get("text", "")) for part in parts if isinstance(part, Mapping))

"""Applications over upstreams that a test scripts, in this process."""

import msgspec

from loopwright.core.codec import canonical, plain, to_json
from loopwright.core.schema import Column, Signature
from loopwright.formats.value import put_value
from loopwright.llm.application import Application
from loopwright.llm.ask import Ask, Reply, Usage
from loopwright.llm.calling.attempt import Called
from loopwright.llm.guards.runner import GuardRunner
from loopwright.llm.metering import Spend
from loopwright.llm.providers.table import provider_of
from loopwright.llm.route import Route, Upstream
from loopwright.registry.bundle import Manifest, put_bundle
from loopwright.release.routing import Arm, Arms
from loopwright.serving.applications.arms import ApplicationArm, ApplicationArms
from loopwright.serving.applications.call import GenerationCall, named
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.loaded import LoadedApplication
from loopwright.serving.arms import label_of

UPSTREAM = Upstream(name="local", url="http://127.0.0.1:9/v1", model="tiny")
SIGNATURE = Signature(task="generation", request=(Column(name="messages", kind="string"),), features=(), label="answer")


def bundle(blobs, application, **parts):
    """Store an application; its digest."""
    digests = {name: put_value(blobs, value) for name, value in parts.items()}
    digests["application"] = put_value(blobs, plain(canonical(application)))
    return put_bundle(
        blobs, Manifest(kind="application", parts=digests, entry="application", signature=SIGNATURE, example={})
    )


def ask(text="Hello", operation="chat", *, stream=False, **fields):
    body = {"model": "support", "messages": [{"role": "user", "content": text}], **fields}
    if stream:
        body["stream"] = True
    return Ask(operation=operation, body=body, raw=to_json(body), stream=stream)


def call(text="Hello", *, id="req_" + "a1" * 16, headers=None, asked=None, **fields):
    asked = ask(text, **fields) if asked is None else asked
    headers = headers or {}
    return GenerationCall(
        id=id, ask=asked, started=1.0, at=1_000_000, caller="key_1", headers=headers, model="support",
        **named(headers, asked.body),
    )  # fmt: skip


class Scripted:
    """Stands where callers stand: answers, or fails, as a test says; asks `before` first, as callers do."""

    def __init__(self, answer):
        self.answer = answer
        self.asked = []

    def of(self, model):
        return self

    async def call(self, asked, *, sticky="", before):
        await before(UPSTREAM, 0)
        self.asked.append(asked)
        answer = self.answer(asked) if callable(self.answer) else self.answer
        if isinstance(answer, BaseException):
            raise answer
        return Called(reply=answer, upstream=UPSTREAM, attempts=())


class Metered:
    """A meter that says what it was told."""

    def __init__(self):
        self.reserved, self.settled = [], []

    async def reserve(self, charge):
        self.reserved.append(charge)

    def settle(self, call, usage, *, provider, model):
        self.settled.append((call, usage, provider, model))
        return Spend(usage=usage, cost_usd=0.5, price="p1")


def reply(text="Hi.", **fields):
    body = {
        "id": "c1", "object": "chat.completion", "created": 1, "model": "tiny",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
    }  # fmt: skip
    usage = fields.pop("usage", Usage(input_tokens=3, output_tokens=2))
    return Reply(body=to_json(body), text=text, usage=usage, finish="stop", model="tiny", id="c1", **fields)


def loaded(answer=None, *, version="v" * 64, guards=(), retriever=None, **application):
    made = Application(**{"route": Route(upstreams=(UPSTREAM,)), "guards": guards, **application})
    return LoadedApplication(
        version=version, application=made, callers=Scripted(reply() if answer is None else answer),
        guards=GuardRunner(guards), retriever=retriever, providers=provider_of,
    )  # fmt: skip


def arms_of(champion, *others, **fields):
    """Arms of loaded versions: a champion, and (role, share, loaded) beside it."""
    left = 1.0 - sum(share for role, share, _ in others if role != "shadow")
    specs = [Arm(name="champion", role="champion", version=champion.version, share=left)]
    specs += [Arm(name=role, role=role, version=one.version, share=share) for role, share, one in others]
    cause = fields.pop("cause", 0)
    spec = Arms(endpoint="support", revision=1, arms=tuple(specs), **fields)
    made = [
        ApplicationArm(label=label_of(spec, arm), spec=arm, loaded=one)
        for arm, one in zip(specs, (champion, *(one for _, _, one in others)), strict=True)
    ]
    return ApplicationArms(
        spec=spec, champion=made[0], cause=cause,
        canaries=tuple(arm for arm in made[1:] if arm.spec.role != "shadow"),
        shadows=tuple(arm for arm in made[1:] if arm.spec.role == "shadow"),
    )  # fmt: skip


def course(one=None, asked=None, **fields):
    arms = arms_of(one or loaded())
    made = asked or call(**fields)
    return Course(made, arms.champion, arms.champion.label, charge_id=made.id, fallback_from=None)


def said(answer):
    return msgspec.json.decode(answer.body)

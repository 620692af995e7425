"""What an arm makes of a call before anybody is asked: guarded, given passages, rendered, bounded."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from loopwright.core.clock import Clock
from loopwright.errors import GuardBlockedError, PromptError
from loopwright.llm.ask import Ask
from loopwright.llm.guard import Finding
from loopwright.llm.prompts.prompt import Prompt
from loopwright.llm.protocols.bounds import output_bound, with_most_tokens
from loopwright.llm.protocols.chat import as_chat, history_of, question_of, with_messages
from loopwright.llm.protocols.texts import texts_of, values_changed, with_texts
from loopwright.llm.retriever import Passage
from loopwright.serving.applications.course import Course
from loopwright.serving.applications.looking_over import looked_over

GroupsOf = Callable[[str], Sequence[str]]
"""The groups that a key's holder belongs to, for access to documents."""


async def prepare(course: Course, groups_of: GroupsOf, clock: Clock) -> Ask:
    """The call as it goes to the upstream; what was found on the way is noted in `course`.

    The caller's own texts are looked at by guards, and each passage is: one that a guard does not let pass is left out,
    for it is the corpus that is at fault and not the caller. What the prompt itself says is the application's.

    Where guards look or answers are cached, the body is written anew: bytes that name a field twice would be read as
    one request here, and maybe as another one there.

    Raises:
        GuardBlockedError: The caller's texts are not let pass.
        PromptError: The prompt needs variables that the caller does not give.
        RequestRefusedError: The prompt needs a question and there is none.
    """
    loaded = course.arm.loaded
    ask = course.shown = await _guarded(course)
    prompt = loaded.application.prompt
    if prompt is not None and ask.operation != "embedding":
        if loaded.retriever is not None:
            course.retrieved_s = clock.monotonic()
            course.passages = await _passages(course, ask, groups_of)
        ask = rendered(ask, prompt, course.passages)
    course.prepared_s = clock.monotonic()
    return bounded(ask, loaded.application.route.max_tokens)


def bounded(ask: Ask, most: int) -> Ask:
    """The call with a limit to its answer, the caller's own where there is one."""
    return with_most_tokens(ask, most) if output_bound(ask) is None else ask


def rendered(ask: Ask, prompt: Prompt, passages: Sequence[Passage] = ()) -> Ask:
    """The chat that a prompt makes of a call.

    Raises:
        PromptError: A variable has no value.
        RequestRefusedError: There is no question.
    """
    chat = as_chat(ask)
    variables = chat.body.get("variables")
    if variables is not None and not isinstance(variables, dict):
        raise PromptError("the field 'variables' is no object", fix='Send {"variables": {"NAME": VALUE}}.')
    documents = [{**one.metadata, "id": one.id, "document": one.document, "text": one.text} for one in passages]
    values = {**(variables or {}), "question": question_of(chat), "documents": documents}
    messages = prompt.render(values, history=tuple(history_of(chat)))
    fields = {name: value for name, value in prompt.parameters.items() if chat.body.get(name) is None}
    if prompt.output is not None and chat.body.get("response_format") is None:
        schema = {"name": prompt.name, "schema": prompt.output, "strict": True}
        fields["response_format"] = {"type": "json_schema", "json_schema": schema}
    return with_messages(chat, messages).changed(variables=None, **fields)


async def _guarded(course: Course) -> Ask:
    ask, loaded = course.call.ask, course.arm.loaded
    guards, cache = loaded.guards, loaded.application.cache
    if guards.looks_in:
        try:
            texts, findings = await looked_over(guards, texts_of(ask), "in")
        except GuardBlockedError as error:
            course.found("in", blocked_by(error))
            raise
        course.found("in", findings)
        ask = with_texts(ask, texts)
    elif not cache.exact_s and cache.semantic == "off":
        return ask
    return msgspec.structs.replace(ask, raw=msgspec.json.encode(ask.body))


async def _passages(course: Course, ask: Ask, groups_of: GroupsOf) -> tuple[Passage, ...]:
    loaded = course.arm.loaded
    retrieval, retriever = loaded.application.retrieval, loaded.retriever
    if retrieval is None or retriever is None:
        return ()
    question = question_of(as_chat(ask))
    found = await asyncio.to_thread(
        retriever.search, question, limit=retrieval.limit, where=retrieval.where, reader=groups_of(course.call.caller)
    )
    if not loaded.guards.looks_in:
        return found
    return tuple(passed for passage in found if (passed := _let_pass(course, passage)) is not None)


def _let_pass(course: Course, passage: Passage) -> Passage | None:
    """The passage as guards let it pass, with what its document says of itself; None where one does not."""
    guards = course.arm.loaded.guards
    findings: list[Finding] = []

    def looked(text: str) -> str:
        (guarded,) = guards.beside([text])
        findings.extend(guarded.findings)
        return guarded.text

    try:
        (passed,) = guards.incoming([passage.text])
        findings.extend(passed.findings)
        metadata = values_changed(passage.metadata, looked, looked)
        document = looked(passage.document)
    except GuardBlockedError as error:
        course.found("passage", blocked_by(error))
        return None
    course.found("passage", findings)
    return msgspec.structs.replace(passage, text=passed.text, metadata=metadata, document=document)


def blocked_by(error: GuardBlockedError) -> list[Finding]:
    """What stopped a text, as a finding."""
    guard, kind = str(error.context.get("guard", "guard")), str(error.context.get("kind", "blocked"))
    return [Finding(guard=guard, kind=kind, start=0, end=0, action="block")]

"""Guards on calls of tools, whole and as they stream."""

from collections.abc import Mapping
from typing import Any

import msgspec

from loopwright.core.codec import to_json
from loopwright.errors import GuardBlockedError
from loopwright.llm.guard import Finding
from loopwright.llm.guards.looking import Checks, look
from loopwright.llm.guards.stream import OutgoingText


class GuardedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool that guards let pass: its name, and its arguments as JSON text, with masks."""

    name: str
    arguments: str
    findings: tuple[Finding, ...] = ()


def look_at_call(checks: Checks, call: Mapping[str, str]) -> GuardedCall:
    """Let detectors look at a call, `{"name": …, "arguments": …}`: at each value of the arguments, with what JSON
    escapes made plain, and at the text as it is. Masks in values leave the arguments JSON. Shapers do not look.

    Raises:
        GuardBlockedError: A guard does not let it pass.
    """
    name, arguments = call.get("name", ""), call.get("arguments", "")
    checks = Checks(checks.way, checks.watching)
    if not checks:
        return GuardedCall(name=name, arguments=arguments)
    leaves = _Leaves(checks)
    try:
        decoded = msgspec.json.decode(arguments) if arguments else None
        changed = leaves.passed(decoded)
    except (msgspec.DecodeError, RecursionError):
        decoded = changed = None
    text = to_json(changed).decode() if changed != decoded else arguments
    named, said = look(checks, name), look(checks, text)
    findings = (*leaves.findings, *named.findings, *said.findings)
    return GuardedCall(name=named.text, arguments=said.text, findings=findings)


class OutgoingCall(OutgoingText):
    """One call of a tool on its way out, piece by piece: its name first, which passes at once, then its arguments,
    which are held until `end`, as a value cannot be masked while it is being written."""

    def __init__(self, checks: Checks) -> None:
        super().__init__(Checks(checks.way, checks.watching))
        self._call_checks = Checks(checks.way, checks.watching)
        self._arguments: list[str] = []

    @property
    def holds_all(self) -> bool:
        return bool(self._call_checks)

    def feed(self, text: str) -> str:
        self._raise_again()
        if not self._call_checks:
            return text
        if self._arguments or text.lstrip()[:1] in ("{", "[", '"', ""):
            self._arguments.append(text)
            return ""
        return self._passed({"name": text}).name

    def end(self) -> str:
        self._raise_again()
        arguments = "".join(self._arguments)
        self._arguments.clear()
        return self._passed({"arguments": arguments}).arguments if arguments else ""

    def _passed(self, call: Mapping[str, str]) -> GuardedCall:
        try:
            passed = look_at_call(self._call_checks, call)
        except GuardBlockedError as error:
            self._error = error
            raise
        self._findings += passed.findings
        return passed


class _Leaves:
    """Guards at every text and number of a JSON value."""

    def __init__(self, checks: Checks) -> None:
        self._checks = checks
        self.findings: list[Finding] = []

    def passed(self, value: Any) -> Any:
        """The value, with masks."""
        if isinstance(value, dict):
            return {self.passed(key): self.passed(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.passed(item) for item in value]
        if value is None or isinstance(value, bool):
            return value
        guarded = look(self._checks, str(value))
        self.findings += guarded.findings
        return guarded.text if guarded.text != str(value) else value

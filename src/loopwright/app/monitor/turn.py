"""One turn of watching: what the verdicts, people's words and time make of the incidents, written in one commit.

The state of watching, the incidents, the journal's events and the messages that are to be sent belong together: after a
kill there is all of it or none, and what was not written is judged again.
"""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from loopwright.app.loop import Loop
from loopwright.app.monitor.days import with_looks
from loopwright.app.monitor.incidents import (
    champion_event,
    explained_event,
    incident_event,
    incident_record,
    opening_ref,
)
from loopwright.app.monitor.look import Judged
from loopwright.app.monitor.settings_change import settings_digests, settings_event
from loopwright.app.monitor.watch import Watch, save_watch, with_openings
from loopwright.app.monitor.words import silences, word_record
from loopwright.app.notify.outbox import outbox_records
from loopwright.app.workspace import Workspace
from loopwright.core.clock import Micros, parse_duration
from loopwright.core.events import EventDraft
from loopwright.monitoring.explanation import Explanation
from loopwright.monitoring.incident import Incident, IncidentAction, Judgement, record
from loopwright.monitoring.mending import MODEL, overdue
from loopwright.monitoring.rules.rule import MonitorRule, check_severity
from loopwright.monitoring.telling import Listening, messages
from loopwright.monitoring.word import IncidentWord, heeded

Explain = Callable[[Incident], Explanation]
"""Finds out where to look, for an incident that has just opened or come back."""
_EXPLAINED = ("incident_opened", "incident_reopened")


class Turn:
    """What has come of a turn so far; `watch` is the state that will be written. One thread."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        loop: Loop,
        before: Watch | None,
        watch: Watch,
        now: Micros,
        actions: Sequence[IncidentAction] = (),
    ) -> None:
        self.workspace = workspace
        self.loop = loop
        self.before = before
        self.watch = watch
        self.now = now
        self.actions = list(actions)
        self.looks: Mapping[MonitorRule, Judged] = {}
        self.words: Sequence[IncidentWord] = ()
        self.notes: list[EventDraft] = []

    def note_settings(self) -> None:
        """Say which settings are not what they were when this endpoint was last watched."""
        now = settings_digests(self.workspace.settings)
        changed = settings_event(self.watch.settings, now, now=self.now)
        if now != self.watch.settings:
            self.watch = msgspec.structs.replace(self.watch, settings=now)
        if changed is not None:
            self.notes.append(changed)

    def hear(self, words: Sequence[IncidentWord]) -> None:
        """Heed what people said."""
        self.words = words
        book, said = heeded(self.watch.book, words, at=self.now)
        self._took(book, said)

    def judge(self, looks: Mapping[MonitorRule, Judged]) -> None:
        """Take the verdicts of this turn's looks."""
        self.looks = looks
        by_cause: dict[str, list[Judgement]] = {}
        for rule, judged in looks.items():
            by_cause.setdefault(judged.cause or MODEL + self.watch.version, []).extend(
                _judgements(rule, judged, self.loop)
            )
        for cause, judgements in by_cause.items():
            book, said = record(self.watch.book, cause, judgements, at=self.now, ids=self.workspace.ids)
            self._took(book, said)

    def close_overdue(self) -> None:
        """Close what will get no verdict any more."""
        allowed = parse_duration(self.workspace.settings.text("incident_unconfirmed_after"))
        rules = {rule.name for rule in self.loop.monitor}
        book, said = overdue(self.watch.book, at=self.now, rules=rules, allowed=allowed)
        self._took(book, said)

    def explain(self, explain: Explain) -> None:
        """Say where to look, of each incident that has just opened or come back."""
        for place, action in enumerate(self.actions):
            if action.kind in _EXPLAINED:
                explained = action.incident.with_(explanation=explain(action.incident))
                self._put(place, explained)

    def write(self) -> Watch:
        """One commit; none where nothing has changed."""
        book, told = messages(self.watch.book, self.actions, self._listening(), at=self.now)
        changed = self.looks or self.words or self.actions or told or self.notes
        if not changed and self.before is not None and self.before.version == self.watch.version:
            return self.before
        self.watch = msgspec.structs.replace(self.watch, book=book)
        events = self._events()
        before = {one.id: one for one in (self.before.book.open.values() if self.before else ())}
        ended = [action.incident for action in self.actions if action.kind == "incident_resolved"]
        stands = [one for one in self.watch.book.open.values() if one != before.get(one.id)]
        records = [incident_record(one, self.loop.name, self.now) for one in (*stands, *ended)]
        records += [word_record(word, self.loop.name, waiting=False) for word in self.words if word.verb != "comment"]
        records += with_looks(self.workspace.stores.ledger, self.loop.name, dict(self.looks), now=self.now)
        records += [kept for judged in self.looks.values() for kept in judged.records]
        records += outbox_records(self.workspace, self.loop.name, told, now=self.now)
        opened = [action.incident.id for action in self.actions if action.kind == "incident_opened"]
        moves = {opening_ref(self.workspace, id_): id_ for id_ in opened}
        save_watch(self.workspace, self.loop.name, self.watch, events=events, records=records, moves=moves)
        return with_openings(self.workspace, self.watch)

    def _took(self, book: object, said: Sequence[IncidentAction]) -> None:
        self.watch = msgspec.structs.replace(self.watch, book=book)
        self.actions += said

    def _put(self, place: int, incident: Incident) -> None:
        """An incident as it stands now, in the book and in what is said of it."""
        self.actions[place] = msgspec.structs.replace(self.actions[place], incident=incident)
        stands = self.watch.book.open.get(incident.cause)
        if stands is not None and stands.id == incident.id:
            book = self.watch.book.with_incident(incident.with_(told=stands.told))
            self.watch = msgspec.structs.replace(self.watch, book=book)

    def _listening(self) -> Listening:
        open_ = self.watch.book.open or self.actions
        return Listening(
            endpoint=self.loop.name,
            silences=silences(self.workspace) if open_ else (),
            least=check_severity(self.workspace.settings.text("notify_least_severity")),
        )

    def _events(self) -> list[EventDraft]:
        """What the journal says; each opening is told how many events follow it, which is how it is found again."""
        drafts: list[EventDraft] = list(self.notes)
        places: dict[int, int] = {}
        opened = {**(self.before.opened if self.before else {}), **self.watch.opened}
        for place, action in enumerate(self.actions):
            causes = self._causes(action)
            places[place] = len(drafts)
            drafts.append(incident_event(self.loop.name, action, caused_by=causes, opened=opened, now=self.now))
            explanation = action.incident.explanation
            if action.kind in _EXPLAINED and explanation is not None:
                drafts.append(explained_event(action.incident, explanation, after_draft=places[place], now=self.now))
        for place, action in enumerate(self.actions):
            if action.kind == "incident_opened":
                self._put(place, action.incident.with_(behind=len(drafts) - 1 - places[place]))
        return drafts

    def _causes(self, action: IncidentAction) -> tuple[int, ...]:
        """The champion's move, where it has to do with it: what is wrong since, or what has mended it."""
        incident = action.incident
        if action.kind == "incident_updated" or not incident.cause.startswith(MODEL):
            return ()
        if action.kind == "incident_resolved":
            return incident.mending.moved if incident.mending else ()
        return champion_event(self.workspace, self.loop.name, self.watch.version)


def _judgements(rule: MonitorRule, judged: Judged, loop: Loop) -> list[Judgement]:
    owner = rule.owner or loop.owner
    return [
        Judgement(verdict=verdict, rule=rule.name, severity=rule.severity, owner=owner, reports=judged.reports)
        for verdict in judged.verdicts
    ]

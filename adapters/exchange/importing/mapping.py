"""Mapping files (字段对照, TOML): which columns and activities of a foreign log become which fields and triggers.

Nothing is invented: an activity that the mapping does not name becomes a note, and a case that the log calls closed ends at
``repaired`` unless the mapping states the resident's verdict.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from adapters.exchange.importing.foreign_log import BadRow, RawCase, RawEntry
from adapters.exchange.importing.local_time import BadMoment, Times
from domain.kernel.errors import FieldError, InvalidInput
from domain.kernel.terms import Kind, State, Trigger
from domain.people.assignee import Assignee
from domain.service_desk.importing import Choice, ForeignCase, Happening, Unreadable
from domain.ticket import commands as c
from domain.ticket.decisions import assignee_of

VERDICTS = (Trigger.FOLLOW_UP, Trigger.CLOSE_UNREACHED)
NOT_FROM_A_LOG = (Trigger.ATTACH, Trigger.LINK)
"""Triggers that need more than the log holds: a stored file, another ticket."""

_PLACE = re.compile(r"\{([^{}]+)\}")
_PERSON = re.compile(r"^[\w.\-]{1,40}$")
_NOT_A_PERSON = re.compile(r"[^\w.\-]+")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Lookup(_Part):
    """Fields chosen by the value of an attribute; a value not listed takes ``default``, and without one refuses the case."""

    by: str
    values: dict[str, dict[str, Any]] = {}
    default: dict[str, Any] | None = None


class Receipt(_Part):
    """The fields of ``receive``. ``at_first_activity``: the log has no receipt, so the case's first entry counts as it."""

    at_first_activity: bool = False
    fields: dict[str, Any]


class People(_Part):
    """Outside actors, by an attribute: ``external:`` and a code, from ``names`` or else the value itself in lower case."""

    by: str
    names: dict[str, str] = {}


class Notes(_Part):
    """The note made of an entry without counterpart: its text, and the attributes it lists."""

    text: str = "原日志：{activity}"
    attributes: tuple[str, ...] = ()


class Step(_Part):
    """The triggers of an activity for a ticket in these states (``none``: not yet received) and of these kinds.

    ``last``: applies only to the last entry of this activity within its case. ``do``: triggers with their fields; a text may name
    attributes in braces, a note may list ``attributes``, and a trigger with ``kinds`` is skipped for cases of other kinds.
    """

    from_: Annotated[tuple[State | Literal["none"], ...] | None, Field(alias="from")] = None
    kinds: tuple[Kind, ...] | None = None
    suspended: bool | None = None
    last: bool = False
    do: tuple[dict[str, Any], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _triggers(self) -> Self:
        for one in self.do:
            trigger = Trigger(one.get("trigger", "(none)"))
            if trigger in NOT_FROM_A_LOG:
                able = ", ".join(one for one in Trigger if one not in NOT_FROM_A_LOG)
                raise ValueError(f"{trigger} can't come from a log; these can: {able}")
        return self


class Activity(_Part):
    """An activity (XES: concept:name; CSV: the column of its moment) and its steps; ``when``: required attribute values."""

    name: str
    when: dict[str, tuple[str, ...]] = {}
    steps: tuple[Step, ...] = ()


class LogMapping(_Part):
    """A whole mapping file."""

    name: Annotated[str, StringConstraints(pattern=r"^[\w.\-]{1,40}$")]
    title: str = ""
    format: Literal["csv", "xes"]
    encoding: Literal["utf-8", "gbk", "gb18030", "big5", "latin-1", "cp1252"] = "utf-8"
    delimiter: Annotated[str, StringConstraints(min_length=1, max_length=1)] = ","
    case: str
    time: Times = Times()
    receive: Receipt
    classify: Lookup | None = None
    dispatch: Lookup | None = None
    people: People | None = None
    note: Notes = Notes()
    activity: tuple[Activity, ...] = Field(min_length=1)

    @property
    def states_verdict(self) -> bool:
        """Whether the mapping states the residents' verdicts."""
        return any(Trigger(one["trigger"]) in VERDICTS for one in self._commands())

    @property
    def moments(self) -> list[str]:
        """The columns that hold moments (CSV), in the mapping's order."""
        return list(dict.fromkeys(activity.name for activity in self.activity))

    @property
    def needed(self) -> list[str]:
        """All other attributes that the mapping names."""
        named = [lookup.by for lookup in (self.classify, self.dispatch) if lookup]
        named += [self.people.by] if self.people else []
        named += [name for activity in self.activity for name in activity.when]
        named += self.note.attributes
        for one in (self.receive.fields, *self._commands()):
            named += one.get("attributes", ())
            named += _named(one)
        return [name for name in dict.fromkeys(named) if name != "activity"]

    @property
    def assignees(self) -> tuple[Assignee, ...]:
        """All assignees that the mapping can dispatch to."""
        given = [*self.dispatch.values.values(), self.dispatch.default or {}] if self.dispatch else []
        given += [one for one in self._commands() if one["trigger"] in (Trigger.DISPATCH, Trigger.REASSIGN)]
        found = [assignee_of(c.Dispatch.model_validate({"assignee": one["assignee"]})) for one in given if "assignee" in one]
        return tuple(dict.fromkeys(found))

    def _commands(self) -> Iterator[dict[str, Any]]:
        return (one for activity in self.activity for step in activity.steps for one in step.do)

    def cases(self, raw: RawCase | BadRow, community: str) -> ForeignCase | Unreadable:
        """Map a case; returns Unreadable, with the reason, where it can't be mapped."""
        if isinstance(raw, BadRow):
            return Unreadable("", raw.row, "malformed_row", raw.detail)
        if not raw.name:
            return Unreadable("", raw.row, "no_case_name", f"{self.case} is empty")
        try:
            return self._case(raw, community)
        except BadMoment as bad:
            return Unreadable(raw.name, raw.row, bad.reason, str(bad))
        except _NotMapped as missing:
            return Unreadable(raw.name, raw.row, "not_in_mapping", str(missing))
        except ValidationError as error:
            detail = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
            return Unreadable(raw.name, raw.row, "invalid_input", detail)

    def _case(self, raw: RawCase, community: str) -> ForeignCase:
        if not raw.entries:
            raise BadMoment("no_entry", "has no entry with a moment")
        last = {entry.activity: place for place, entry in enumerate(raw.entries)}
        happenings = tuple(
            self._happening(raw, entry, last[entry.activity] == place, community) for place, entry in enumerate(raw.entries)
        )
        receive = None
        if self.receive.at_first_activity:
            first = {**raw.attributes, **raw.entries[0].attributes, "activity": raw.entries[0].activity}
            made = self._command({"trigger": Trigger.RECEIVE}, first, community)
            assert isinstance(made, c.Receive)
            receive = made
        return ForeignCase(raw.name, raw.row, happenings, receive)

    def _happening(self, raw: RawCase, entry: RawEntry, last: bool, community: str) -> Happening:
        attributes = {**raw.attributes, **entry.attributes, "activity": entry.activity}
        activity = next((a for a in self.activity if a.name == entry.activity and _holds(a.when, attributes)), None)
        choices = []
        for step in activity.steps if activity else ():
            if step.last and not last:
                continue
            made = (self._command(one, attributes, community) for one in step.do)
            states = None if step.from_ is None else frozenset(None if s == "none" else State(s) for s in step.from_)
            kinds = None if step.kinds is None else frozenset(step.kinds)
            choices.append(Choice(tuple(one for one in made if one is not None), states, kinds, step.suspended))
        text = "\n".join([_filled(self.note.text, attributes), *_listed(self.note.attributes, attributes)])
        try:
            moment = self.time.moment(entry.moment)
        except BadMoment as bad:
            raise BadMoment(bad.reason, f"{entry.activity}: {bad}") from None
        return Happening(entry.activity, moment, tuple(choices), c.Note(text=text), self._person(attributes))

    def _command(self, one: Mapping[str, Any], attributes: Mapping[str, str], community: str) -> c.Command | None:
        """Build a command with its fields; None where it is for other ``kinds``, or is an empty note."""
        trigger = Trigger(one["trigger"])
        if "kinds" in one and (self.classify is None or _chosen(self.classify, attributes).get("kind") not in one["kinds"]):
            return None
        fields = {name: value for name, value in one.items() if name not in ("trigger", "attributes", "kinds")}
        if trigger is Trigger.RECEIVE:
            fields = {**self.receive.fields, **fields, "community": community}
        elif trigger is Trigger.CLASSIFY and self.classify:
            fields = {**_chosen(self.classify, attributes), **fields}
        elif trigger in (Trigger.DISPATCH, Trigger.REASSIGN) and self.dispatch and "assignee" not in fields:
            fields = {**_chosen(self.dispatch, attributes), **fields}
        filled: dict[str, Any] = _filled(fields, attributes)
        if trigger is Trigger.NOTE:
            listed = _listed(one.get("attributes", ()), attributes)
            text = "\n".join([*([filled["text"]] if filled.get("text") else []), *listed])
            return c.Note(text=text) if listed or ("attributes" not in one and text) else None
        return c.COMMANDS[trigger].model_validate(filled)

    def _person(self, attributes: Mapping[str, str]) -> str | None:
        if self.people is None:
            return None
        value = attributes.get(self.people.by, "").strip()
        if not value:
            return None
        code = self.people.names.get(value) or _NOT_A_PERSON.sub("-", value.lower())
        if not _PERSON.match(code):
            raise _NotMapped(f"{self.people.by} is not a code of at most 40 characters; list it under [people.names]")
        return f"external:{code}"


class _NotMapped(Exception):
    """A value without counterpart in the mapping."""


def _chosen(lookup: Lookup, attributes: Mapping[str, str]) -> dict[str, Any]:
    found = lookup.values.get(attributes.get(lookup.by, "").strip(), lookup.default)
    if found is None:
        raise _NotMapped(f"the value of {lookup.by} has no counterpart, and there is no default")
    return found


def _holds(when: Mapping[str, Sequence[str]], attributes: Mapping[str, str]) -> bool:
    return all(attributes.get(name, "") in values for name, values in when.items())


def _listed(names: Sequence[str], attributes: Mapping[str, str]) -> list[str]:
    return [f"{name}: {value}" for name in names if (value := attributes.get(name, "").strip())]


def _filled(value: Any, attributes: Mapping[str, str]) -> Any:
    """Replace ``{attribute}`` in texts; fields that become blank are left out."""
    if isinstance(value, str):
        return _PLACE.sub(lambda found: attributes.get(found[1], "").strip(), value).strip(" \n,，")
    if isinstance(value, dict):
        filled = {name: _filled(part, attributes) for name, part in value.items()}
        return {name: part for name, part in filled.items() if part not in ("", {})}
    if isinstance(value, list | tuple):
        return [_filled(part, attributes) for part in value]
    return value


def _named(value: Any) -> list[str]:
    """The attributes named in texts."""
    if isinstance(value, str):
        return _PLACE.findall(value)
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [name for part in parts for name in _named(part)]


def parse_mapping(text: str) -> LogMapping:
    """Parse a mapping file; raises InvalidInput with the place and reason of each error."""
    try:
        return LogMapping.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput([FieldError("/mapping", str(error))]) from error
    except ValidationError as error:
        found = [FieldError("/mapping/" + "/".join(map(str, e["loc"])), e["msg"]) for e in error.errors()]
        raise InvalidInput(found) from error

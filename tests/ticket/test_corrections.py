"""更正: field, old value, new value, reason; nothing is edited."""

import pytest

from domain.kernel import terms as t
from domain.people.place import Location
from domain.ticket import commands as c
from domain.ticket.events import Ticket
from domain.ticket.state import CORRECTABLE_CODES, CORRECTABLE_TEXTS
from tests.support.ticket_factory import classified, completed, dispatched, fact, received, text_of
from tests.ticket.scenario import event, given

ERROR, NEWS = t.CorrectionReason.REGISTER_ERROR, t.CorrectionReason.NEW_INFORMATION
TEXTS = {
    "description": "卫生间漏水",
    "reporter.name": "王晓明",
    "reporter.phone": "13912345678",
    "location.dwelling": "1202",
    "resolution": "更换软管",
}
CODES = {
    "channel": ("phone", "walk_in"),
    "urgency": ("normal", "emergency"),
    "category": ("plumbing", "electrical"),
    "location.area": ("east", "west"),
    "location.building": ("3", "4"),
    "location.entrance": ("2", None),
}
HISTORY = [received(), classified(), dispatched(), completed()]


def correct(field: str, value: str | None, reason: t.CorrectionReason = ERROR) -> c.Correct:
    return c.Correct(field=field, value=value, reason=reason)


def test_every_correctable_field_is_tried() -> None:
    assert set(TEXTS) == set(CORRECTABLE_TEXTS)
    assert {*CODES, "location.public_place"} == set(CORRECTABLE_CODES)


@pytest.mark.parametrize(("field", "value"), TEXTS.items())
def test_texts(field: str, value: str) -> None:
    """The old value of a text is a reference: version and field of the event that has it."""
    old_field = {"reporter.name": "reporter_name", "reporter.phone": "reporter_phone", "location.dwelling": "dwelling"}
    version = 4 if field == "resolution" else 1
    expected = event(
        Ticket.TicketCorrected,
        field=field,
        reason=ERROR,
        new_text=value,
        old_version=version,
        old_field=old_field.get(field, field),
        old_code=None,
        new_code=None,
    )
    state = given(*HISTORY).when(correct(field, value)).then(expected)
    text = getattr(state, CORRECTABLE_TEXTS[field])
    assert (text_of(text.value), text.version, text.name) == (value, 5, "new_text")


@pytest.mark.parametrize(("field", "values"), CODES.items())
def test_codes(field: str, values: tuple[str, str | None]) -> None:
    old, new = values
    expected = event(Ticket.TicketCorrected, field=field, old_code=old, new_code=new, new_text=None, old_version=None)
    state = given(*HISTORY).when(correct(field, new, NEWS)).then(expected)
    _, _, name = field.rpartition(".")
    assert getattr(state.location if "location" in field else state, name) == new
    given(*HISTORY).when(correct(field, old)).invalid("/value")


def test_a_second_correction_names_the_first() -> None:
    first = fact(Ticket.TicketCorrected)
    again = given(*HISTORY, first).when(correct("reporter.phone", "13712345678"))
    again.then(event(Ticket.TicketCorrected, old_version=5, old_field="new_text"))


def test_what_may_be_cleared() -> None:
    for field in ("reporter.name", "reporter.phone", "location.dwelling"):
        state = given(*HISTORY).when(correct(field, None)).then(event(Ticket.TicketCorrected, new_text=None, old_version=1))
        assert getattr(state, CORRECTABLE_TEXTS[field]) is None
    for field in ("description", "resolution", "channel", "urgency"):
        given(*HISTORY).when(correct(field, None)).invalid("/value")
    assert given(*HISTORY).when(correct("category", None)).then(Ticket.TicketCorrected).category is None


def test_nothing_is_corrected_to_what_it_is() -> None:
    anonymous = received(reporter_name=None, location=None, dwelling=None)
    given(anonymous).when(correct("reporter.name", None)).invalid("/value")
    given(anonymous).when(correct("location.area", None)).invalid("/value")


def test_new_information_fills_what_was_empty() -> None:
    anonymous = given(received(reporter_name=None, location=None, dwelling=None))
    state = anonymous.when(correct("reporter.name", "王小明", NEWS)).then(event(Ticket.TicketCorrected, old_version=None))
    assert state.reporter_name is not None
    assert anonymous.when(correct("location.area", "west", NEWS)).then(Ticket.TicketCorrected).location == Location("west")


def test_a_resolution_is_corrected_once_there_is_one() -> None:
    given(received()).when(correct("resolution", "换好了")).invalid("/field")


@pytest.mark.parametrize("field", ["kind", "facility", "state", "reporter", "location", "", "community", "id", "__class__"])
def test_other_fields_are_not_corrected(field: str) -> None:
    given(*HISTORY).when(correct(field, "x")).invalid("/field")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reporter.phone", "call me"),
        ("reporter.name", "名" * 61),
        ("reporter.name", "\u202e王"),
        ("location.dwelling", "12 01"),
        ("location.area", "a/b"),
        ("location.public_place", "\u2066广场"),
        ("channel", "fax"),
        ("urgency", "very"),
        ("category", "a b"),
    ],
)
def test_values_are_as_well_formed_as_at_receipt(field: str, value: str) -> None:
    given(received(dwelling=None)).when(correct(field, value)).invalid("/value")


def test_a_dwelling_and_a_public_place_exclude_each_other() -> None:
    given(received()).when(correct("location.public_place", "广场")).invalid("/value")
    outside = received(location=Location("east", public_place="广场"), dwelling=None)
    given(outside).when(correct("location.dwelling", "1201")).invalid("/value")
    given(received(dwelling=None)).when(correct("location.public_place", "广场")).then(
        event(Ticket.TicketCorrected, new_code="广场")
    )

"""Queries for shifts: a shift with its log, and its handover sheets with hash and signatures.

Opening sealed texts is written to the access log first; if that fails, the texts are served masked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.duty import rules
from domain.duty.handover_sheet import Sheet
from domain.duty.lifecycle import legal
from domain.duty.shift import ShiftState
from domain.kernel.errors import NotFound
from domain.kernel.ports import Access, AccessLog
from domain.kernel.privacy import Text
from domain.kernel.recorded_access import on_record
from domain.kernel.terms import ShiftStatus, ShiftTrigger
from domain.people.authority import Held, Mode, Need, Relation, Right, denied, weigh
from domain.people.directory import Directory
from domain.people.office import Office


@dataclass(frozen=True, slots=True)
class ShiftReading:
    """A shift as one person may see it: ``texts`` by (version, field) of the event that has them."""

    state: ShiftState
    texts: Mapping[tuple[int, str], str]
    masked: bool
    legal: Sequence[ShiftTrigger]

    def text(self, text: Text | None) -> str | None:
        """A text, opened or masked; "erased" if its subject was."""
        return None if text is None else self.texts[text.version, text.name]


class DutyRecords:
    """Answers queries about single shifts.

    ``directory`` is the one by which the request was authenticated; without it the newest is read.
    """

    def __init__(self, office: Office, access_log: AccessLog) -> None:
        self._office = office
        self._journal, self._directory, self._clock = office.journal, office.directory, office.clock
        self._access_log = access_log

    async def shift(
        self,
        login: str,
        shift: UUID,
        *,
        personal: bool = True,
        directory: Directory | None = None,
        on_duty: bool | None = None,
    ) -> ShiftReading:
        """A shift; ``personal=False`` masks its texts. Raises NotFound, NotAllowed.

        ``on_duty`` says whether the person holds the community's desk, where this request has read that already.
        """
        directory = directory or await self._directory.current()
        state = await self._journal.load(shift, ShiftState)
        if state is None:
            raise NotFound("shift")
        roles = directory.roles(login, state.community, self._clock.now())
        if not roles:
            raise NotFound("shift")
        relation = await self._relation(login, state, roles, on_duty)
        if weigh(Right.READ, roles, relation) is None:
            raise denied(Right.READ, "read a shift", roles)
        opened = personal and weigh(Right.OPEN_PERSONAL, roles, relation) is Mode.FULL
        return await self._reading(directory, login, state, opened)

    async def current(self, login: str, community: str, *, directory: Directory | None = None) -> ShiftReading:
        """The shift that holds a community's desk, masked. Raises NotFound if the desk is empty."""
        desk = await self._office.desk(community)
        if desk is None or desk.shift is None:
            raise NotFound("shift")
        return await self.shift(login, desk.shift.id, personal=False, directory=directory, on_duty=desk.on_duty(login))

    async def after_command(self, login: str, state: ShiftState, *, directory: Directory | None = None) -> ShiftReading:
        """The masked answer to a command: the shift at the version that the command left."""
        return await self._reading(directory or await self._directory.current(), login, state, False)

    async def handover(
        self, login: str, shift: UUID, number: int | None = None, *, directory: Directory | None = None
    ) -> tuple[ShiftReading, Sheet]:
        """A sheet of a shift, the last one unless ``number`` is given. Raises NotFound."""
        reading = await self.shift(login, shift, directory=directory)
        wanted = [sheet for sheet in reading.state.sheets if number in (None, sheet.number)]
        if not wanted:
            raise NotFound("handover sheet")
        return reading, wanted[-1]

    def offers(self, directory: Directory, login: str, shift: ShiftState) -> Sequence[rules.Offer]:
        """Every command on a shift, with the refusal that a person would meet now."""
        now = self._clock.now()
        return rules.offers(shift, login, directory.roles(login, shift.community, now), directory, now)

    async def _relation(self, login: str, state: ShiftState, roles: Sequence[Held], on_duty: bool | None) -> Relation:
        """A person's relation to a shift: people who held or signed it own it, and so does an officer who may sign in next."""
        signers = {sign.by for sheet in state.sheets for sign in (sheet.signed_out, sheet.signed_in) if sign is not None}
        own = login in (state.officer, state.phone_with, state.stand_in) or login in signers
        if state.status is ShiftStatus.HANDING_OVER and rules.barred(state, ShiftTrigger.SIGN_IN, login, roles) is None:
            own = True
        if on_duty is None:
            on_duty = await self._office.holds_desk(login, state.community)
        return Relation(frozenset({need for need, holds in ((Need.OWN, own), (Need.ON_DUTY, on_duty)) if holds}))

    async def _reading(self, directory: Directory, login: str, state: ShiftState, opened: bool) -> ShiftReading:
        found = texts_of(state)
        access = Access(self._clock.now(), login, state.community, "shift", (), state.id)
        clear, masked = await on_record(self._journal.sealer, self._access_log, access, found, may_open=opened)
        texts = {(text.version, text.name): said for text, said in zip(found, clear, strict=True)}
        roles = directory.roles(login, state.community, self._clock.now())
        able = [trigger for trigger in legal(state.status) if rules.barred(state, trigger, login, roles) is None]
        return ShiftReading(state, texts, masked, able)


def texts_of(state: ShiftState) -> list[Text]:
    """All sealed texts of a shift."""
    found: list[Text | None] = [line.text for line in state.lines]
    for sheet in state.sheets:
        found += [sheet.remarks, sheet.dispute.reason if sheet.dispute else None]
    found += [absence.named for absence in state.absences]
    found += [state.takeover_reason, state.review.remarks if state.review else None]
    return [text for text in found if text is not None]

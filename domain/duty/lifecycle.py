"""The lifecycle of a shift (班次): one table, from which decisions and the reference derive (D1 4.1.3, 4.1.4; D5)."""

from domain.duty.shift import Shift
from domain.kernel.lifecycle import Lifecycle, Row
from domain.kernel.terms import ShiftStatus, ShiftTrigger

_ON, _HANDING, _HANDED, _REVIEWED = ShiftStatus
_T, _HELD = ShiftTrigger, (_ON, _HANDING)
TERMINAL = (_REVIEWED,)

TABLE: tuple[Row[ShiftStatus, ShiftTrigger], ...] = (
    Row(_T.OPEN, (None,), _ON, Shift.ShiftOpened),
    Row(_T.EXTEND, _HELD, None, Shift.ShiftExtended),
    Row(_T.LOG, _HELD, None, Shift.LineLogged),
    Row(_T.SUBSTITUTE, _HELD, None, Shift.OfficerSubstituted),
    Row(_T.CONFIRM_STAND_IN, _HELD, None, Shift.StandInConfirmed),
    Row(_T.RETURN_TO_POST, _HELD, None, Shift.OfficerReturned),
    Row(_T.SWITCH_PHONE, (_ON,), None, Shift.PhoneSwitched),
    Row(_T.ARRIVE, _HELD, None, Shift.OfficerArrived),
    Row(_T.PREPARE_HANDOVER, _HELD, _HANDING, Shift.HandoverPrepared),
    Row(_T.SIGN_OUT, (_HANDING,), None, Shift.SignedOut),
    Row(_T.SIGN_IN, (_HANDING,), _HANDED, Shift.SignedIn),
    Row(_T.DISPUTE, (_HANDING,), _ON, Shift.HandoverDisputed),
    Row(_T.TAKE_OVER, _HELD, _HANDED, Shift.ShiftTakenOver),
    Row(_T.REVIEW, (_HANDED,), _REVIEWED, Shift.ShiftReviewed),
)
"""A shift that was taken over counts as handed over; its state says by whom it was ended."""

LIFECYCLE = Lifecycle(ShiftStatus, ShiftTrigger, TABLE, TERMINAL)
legal, step, as_data = LIFECYCLE.legal, LIFECYCLE.step, LIFECYCLE.as_data

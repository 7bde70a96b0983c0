"""The lifecycle of a finding (考评事项): one table, from which decisions and the reference derive (D2).

The system proposes and withdraws; people record. A confirmed finding can be contested once, by the people it charges.
"""

from domain.finding.events import Finding
from domain.kernel.lifecycle import Lifecycle, Row
from domain.kernel.terms import FindingStatus, FindingTrigger

_S, _T = FindingStatus, FindingTrigger
TERMINAL = (_S.WAIVED, _S.UPHELD, _S.REVOKED)

TABLE: tuple[Row[FindingStatus, FindingTrigger], ...] = (
    Row(_T.PROPOSE, (None, _S.WITHDRAWN), _S.PROPOSED, Finding.FindingProposed),
    Row(_T.RECORD, (None,), _S.RECORDED, Finding.FindingRecorded),
    Row(_T.CONFIRM, (_S.PROPOSED, _S.RECORDED), _S.CONFIRMED, Finding.FindingConfirmed),
    Row(_T.WAIVE, (_S.PROPOSED, _S.RECORDED), _S.WAIVED, Finding.FindingWaived),
    Row(_T.CONTEST, (_S.CONFIRMED,), _S.CONTESTED, Finding.FindingContested),
    Row(_T.UPHOLD, (_S.CONTESTED,), _S.UPHELD, Finding.FindingUpheld),
    Row(_T.REVOKE, (_S.CONTESTED,), _S.REVOKED, Finding.FindingRevoked),
    Row(_T.WITHDRAW, (_S.PROPOSED,), _S.WITHDRAWN, Finding.FindingWithdrawn),
)
"""A withdrawn finding can be proposed again, because its cause may return and each cause has only one finding."""

LIFECYCLE = Lifecycle(FindingStatus, FindingTrigger, TABLE, TERMINAL)
legal, step, as_data = LIFECYCLE.legal, LIFECYCLE.step, LIFECYCLE.as_data

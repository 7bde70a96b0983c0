"""Forms of findings: recording and each decision, with the fields that the item and the finding take."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from adapters.labels.marking import N_
from adapters.pages.frame.fields import Field, Options, values_in
from adapters.pages.frame.forms import Form
from adapters.pages.frame.visitor import Visitor
from domain.finding.concern import people_of
from domain.finding.desk import completed_by
from domain.finding.events import FindingState
from domain.kernel.terms import FindingTrigger
from domain.rules.scorecard import Item, RuleBook, Severity
from domain.tally.finding_rules import parties_needed, stands_alone, takes, waive_reasons

POINTS = ("director", "administrator")
"""Fields of points decided by hand."""


def appraised_people(visitor: Visitor, thing: object) -> Options:
    """List the people appraised in the community, by name."""
    assert visitor.community is not None
    found = [person.login for person in people_of(visitor.directory, visitor.community)]
    return sorted(((login, visitor.person(login)) for login in found), key=lambda one: one[1])


def areas(visitor: Visitor, thing: object) -> Options:
    """List the community's areas."""
    assert visitor.community is not None
    return list(visitor.directory.community(visitor.community).areas.items())


def items(book: RuleBook) -> Options:
    """List the items of which findings are recorded, each with number and text."""
    return [(code, f"{code} · {item.text}") for code, item in book.items.items() if stands_alone(item)]


def _severities(item: Item) -> Callable[[Visitor, Any], Options]:
    return lambda visitor, thing: [(code.value, visitor.label(code)) for code in (Severity.NORMAL, *item.severities)]


def _parties(item: Item) -> Field:
    label = N_("当事人（必选，可多选）") if parties_needed(item, Severity.NORMAL) else N_("当事人（可多选，没有就不选）")
    return Field("parties", label, "several", choices=appraised_people)


def facts(item: Item) -> Sequence[Field]:
    """Fields of the facts of a finding, for recording one and for what-if."""
    unit = Field("quantity", N_("数量"), "number", first="1")
    knows = {
        "severity": Field("severity", N_("情节"), "choice", True, choices=_severities(item)),
        "overdue_days": Field("overdue_days", N_("逾期天数"), "number", True),
        "amount_fen": Field("amount_fen", N_("金额（元）"), "yuan"),
        "doubled": Field("doubled", N_("公司检查要求限期整改而逾期，加倍"), "tick"),
    }
    taken = takes(item)
    return (
        Field("date", N_("日期"), "day", True),
        Field("area", N_("责任区"), "choice", choices=areas),
        unit,
        _parties(item),
        *(field for name, field in knows.items() if name in taken),
        *(points() if "points" in taken else ()),
    )


def points() -> Sequence[Field]:
    """Fields of points decided by hand, in both columns."""
    return (
        Field("director", N_("主责任人分数（0.5 的倍数）")),
        Field("administrator", N_("付责任人分数（0.5 的倍数）")),
    )


def recording(item: Item) -> Sequence[Field]:
    """Fields of the form that records a finding. Evidence has fields of its own in the template."""
    return (*facts(item), Field("note", N_("说明"), "long"))


def deciding(trigger: FindingTrigger, finding: FindingState, item: Item | None) -> Sequence[Field]:
    """Fields of the form of a decision on a finding."""
    if trigger is FindingTrigger.WAIVE:
        reasons = waive_reasons(item)
        said = Field("reason", N_("原因"), "choice", True, choices=lambda v, _: [(r.value, v.label(r)) for r in reasons])
        return (said, Field("note", N_("说明（其他原因必填）"), "long"))
    if trigger is FindingTrigger.CONFIRM:
        return _confirming(finding, item)
    return (Field("reason", N_("申诉理由") if trigger is FindingTrigger.CONTEST else N_("理由"), "long", True),)


def _confirming(finding: FindingState, item: Item | None) -> Sequence[Field]:
    """Fields that a confirmation may complete. Those left as they are change nothing."""
    if item is None:
        return ()
    sayable, taken = completed_by(finding), takes(item)
    fields = (
        Field("parties", N_("当事人（不选即照原样）"), "several", choices=appraised_people),
        Field("severity", N_("情节"), "choice", choices=_severities(item), first=finding.severity.value),
        Field("quantity", N_("数量"), "number", first=str(finding.quantity)),
        Field("amount_fen", N_("金额（元）"), "yuan"),
    )
    found = [one for one in fields if one.name in sayable and (one.name in ("parties", "quantity") or one.name in taken)]
    return (*found, *(points() if "points" in sayable and "points" in taken else ()))


def read(fields: Sequence[Field], form: Form, visitor: Visitor) -> dict[str, Any]:
    """Read a form's values as the commands take them."""
    found = values_in(fields, form, visitor)
    given = {name: found.pop(name) for name in POINTS if name in found}
    return {**found, **({"points": given} if given else {})}


def changed(values: Mapping[str, Any], finding: FindingState) -> dict[str, Any]:
    """Keep the values that differ from the finding's. No parties chosen leaves the finding's parties."""
    known: dict[str, Any] = {"severity": finding.severity.value, "quantity": finding.quantity, "parties": []}
    return {name: value for name, value in values.items() if name not in known or known[name] != value}

"""Forms of a ticket's steps: the fields of each, and their conversion to the command's values.

The use cases decide which steps are shown; the commands validate the values.
"""

from collections.abc import Mapping
from typing import Any

from adapters.labels.field_words import field_words
from adapters.labels.item_words import item_words
from adapters.labels.marking import N_
from adapters.pages.frame.fields import Field, Options, values_in
from adapters.pages.frame.forms import Form, assignee_chosen
from adapters.pages.frame.visitor import Visitor
from domain.kernel import terms as t
from domain.kernel.terms import Trigger
from domain.people.office import ASSIGNABLE
from domain.ticket.guards import missing_items
from domain.ticket.state import CORRECTABLE_CODES, CORRECTABLE_TEXTS, TicketState
from domain.ticket.workflows import WORKFLOWS


def assignees(visitor: Visitor, code: str) -> Options:
    """List the people (with their posts), teams and contractors who may carry a work order in a community."""
    directory, community = visitor.directory, visitor.directory.community(code)
    found = []
    for person in directory.people.values():
        posts = [held.role for held in directory.roles(person.login, community.code, visitor.now) if held.role in ASSIGNABLE]
        if posts:
            found.append((posts[0], person.login, f"{person.name} · {visitor.words.many([visitor.label(p) for p in posts])}"))
    order = [t.Role.TECHNICIAN, *t.Role]
    people = [(login, said) for _, login, said in sorted(found, key=lambda one: (order.index(one[0]), one[1]))]
    teams = [(f"team:{code}", visitor.say("班组 {code}", code=code)) for code in community.teams]
    contractors = [(f"contractor:{code}", name) for code, name in community.contractors.items()]
    return [*people, *teams, *contractors]


def colleagues(visitor: Visitor, code: str) -> Options:
    """List everybody who works in a community."""
    people = visitor.directory.people.values()
    here = [one for one in people if visitor.directory.roles(one.login, code, visitor.now)]
    return [(one.login, one.name) for one in here]


def _services(visitor: Visitor, state: TicketState) -> Options:
    prices = visitor.directory.prices_of(state.community)
    return [(code, f"{service.name} ¥{service.unit_price_fen / 100:g}") for code, service in prices.services.items()]


def _items(visitor: Visitor, state: TicketState) -> Options:
    items = WORKFLOWS[state.kind].checklist if state.kind else ()
    left = missing_items(state, items)
    return [(item, item_words(item, visitor.language)) for item in [*left, *(i for i in items if i not in left)]]


def _correctable(visitor: Visitor, state: TicketState) -> Options:
    return [(name, field_words(name.replace(".", "/"), visitor.language)) for name in (*CORRECTABLE_TEXTS, *CORRECTABLE_CODES)]


def _kinds(visitor: Visitor, state: TicketState) -> Options:
    return [(kind.value, visitor.label(kind)) for kind in t.Kind if kind is not state.kind]


_WHO = Field("assignee", N_("派给"), "choice", True, choices=lambda visitor, state: assignees(visitor, state.community))
_APPOINTMENT = Field("appointment_at", N_("预约时间"), "moment")
_REASON = Field("reason", N_("原因"), "long", True)
_FACILITY = Field("facility", N_("维修部位（报修必选）"), "choice", codes=t.Facility)
_CATEGORY = Field("category", N_("类别"))
_BLAMED = Field("complained_of", N_("被投诉人"), "several", choices=lambda visitor, state: colleagues(visitor, state.community))
_METHOD = Field("method", N_("方式"), "choice", True, codes=t.FollowUpMethod)

FIELDS: Mapping[Trigger, tuple[Field, ...]] = {
    Trigger.CLASSIFY: (Field("kind", N_("类型"), "choice", True, codes=t.Kind), _FACILITY, _CATEGORY, _BLAMED),
    Trigger.RECLASSIFY: (Field("kind", N_("类型"), "choice", True, choices=_kinds), _FACILITY, _CATEGORY),
    Trigger.DISPATCH: (_WHO, _APPOINTMENT),
    Trigger.REASSIGN: (_WHO, _APPOINTMENT),
    Trigger.DECLINE: (_REASON,),
    Trigger.ACCEPT: (),
    Trigger.START: (),
    Trigger.SUSPEND: (Field("reason", N_("原因"), "choice", True, codes=t.SuspendReason),),
    Trigger.RESUME: (),
    Trigger.COMPLETE: (
        Field("resolution", N_("处理结果"), "long", True),
        Field("outcome", N_("结果"), "choice", True, codes=t.CompletionOutcome),
        Field("parts", N_("用料（每行一样）"), "lines"),
    ),
    Trigger.SETTLE: (Field("resolution", N_("处理结果"), "long", True),),
    Trigger.FOLLOW_UP: (
        Field("satisfied", N_("住户满意吗"), "yes_no", True),
        Field("rating", N_("评分（满意必填，1 至 5）"), "number"),
        _METHOD,
        Field("comment", N_("住户意见"), "long"),
    ),
    Trigger.ATTEMPT_FOLLOW_UP: (_METHOD,),
    Trigger.CLOSE_UNREACHED: (),
    Trigger.REOPEN: (_REASON,),
    Trigger.CANCEL: (
        Field("reason", N_("原因"), "choice", True, codes=t.CancelReason),
        Field("duplicate_of", N_("重复的工单编号（因重复时填）")),
    ),
    Trigger.REPLY: (Field("message", N_("答复内容"), "long", True),),
    Trigger.SCHEDULE: (Field("appointment_at", N_("预约时间"), "moment", True),),
    Trigger.DEFER: (Field("told_resident", N_("已告知住户"), "tick"),),
    Trigger.ESCALATE: (Field("level", N_("上报给"), "choice", True, codes=t.EscalationLevel), _REASON),
    Trigger.URGE: (Field("message", N_("内容"), "long"),),
    Trigger.QUOTE: (Field("lines", N_("收费项目"), "rows", True, choices=_services),),
    Trigger.ACCEPT_QUOTE: (),
    Trigger.DECLINE_QUOTE: (),
    Trigger.SETTLE_CHARGE: (
        Field("outcome", N_("结果"), "choice", True, codes=t.ChargeOutcome),
        Field("method", N_("收费方式（减免不填）")),
        Field("receipt", N_("票据号")),
    ),
    Trigger.CHECK_ITEM: (
        Field("item", N_("清单项"), "choice", True, choices=_items),
        Field("evidence", N_("凭据"), "long"),
        Field("defects", N_("验房缺陷（每行一处）"), "lines"),
    ),
    Trigger.ORDER_RECTIFICATION: (
        Field("what", N_("整改内容"), "long", True),
        Field("due_at", N_("期限"), "moment", True),
        Field("scorecard_item", N_("考评项（巡检）")),
    ),
    Trigger.CONFIRM_RECTIFICATION: (),
    Trigger.APPROVE_MAJOR_WORKS: (Field("agreed_due_at", N_("约定完成时间"), "moment", True), _REASON),
    Trigger.JUDGE_COMPLAINT: (
        Field("reasonable", N_("投诉有理吗"), "yes_no", True),
        Field("severity", N_("程度（有理必选）"), "choice", codes=t.ComplaintSeverity),
        Field("fault", N_("责任（有理必选）"), "choice", codes=t.ComplaintFault),
        _BLAMED,
    ),
    Trigger.LINK: (
        Field("ticket", N_("另一张工单的编号"), required=True),
        Field("relation", N_("关系"), "choice", True, codes=t.LinkRelation),
    ),
    Trigger.CORRECT: (
        Field("field", N_("项目"), "choice", True, choices=_correctable),
        Field("value", N_("更正为（空着即清空）")),
        Field("reason", N_("原因"), "choice", True, codes=t.CorrectionReason),
    ),
    Trigger.NOTE: (Field("text", N_("内容"), "long", True),),
}
"""Fields of each step. Receiving and attaching have forms of their own."""

FIRST = (
    Trigger.CLASSIFY,
    Trigger.DISPATCH,
    Trigger.ACCEPT,
    Trigger.START,
    Trigger.RESUME,
    Trigger.COMPLETE,
    Trigger.SETTLE,
    Trigger.FOLLOW_UP,
)
"""Steps that move a ticket on; they are shown first."""


def values_of(trigger: Trigger, form: Form, visitor: Visitor) -> dict[str, Any]:
    """Read a form's values as the command takes them."""
    found = values_in(FIELDS[trigger], form, visitor)
    if "assignee" in found:
        found["assignee"] = assignee_chosen(found["assignee"])
    if trigger is Trigger.CORRECT:
        found.setdefault("value", None)
    return found

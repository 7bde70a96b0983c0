"""SQL conditions that limit a list of tickets to areas or assignees."""

from collections.abc import Sequence

from domain.kernel.terms import AssigneeType
from domain.people.assignee import Assignee
from projections.engine.view import Params


def carried(by: Sequence[Assignee], name: str, params: Params) -> str:
    """SQL for "carried by one of these assignees". ``name`` keeps the parameters of several such conditions apart."""
    parts = []
    for type_ in AssigneeType:
        params[f"{name}_{type_.value}"] = [assignee.id for assignee in by if assignee.type is type_]
        parts.append(f"(assignee_type = '{type_.value}' AND assignee_id IN :{name}_{type_.value})")
    return f"({' OR '.join(parts)})"


def seen(areas: Sequence[str] | None, own: Sequence[Assignee] | None, params: Params) -> list[str]:
    """SQL for what the asker may see: tickets of these areas, or carried by one of these. Empty if neither is given."""
    parts = []
    if areas is not None:
        params["areas"] = list(areas)
        parts.append("area IN :areas")
    if own is not None:
        parts.append(carried(own, "own", params))
    return [f"({' OR '.join(parts)})"] if parts else []

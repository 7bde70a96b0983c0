"""OpenAPI description: FastAPI derives it from the routes; request bodies and their headers are added here.

Operations read bodies themselves (within limits, as I-JSON), so FastAPI doesn't know their models.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from adapters.web.problems import Problem

REF = "#/components/schemas/{model}"

_models: dict[str, type[BaseModel]] = {Problem.__name__: Problem}

PARAMETERS = {
    "IdempotencyKey": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "重复提交得到首次的答复 · a repeat with the same body gets the first answer again, with another body 422",
        "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[!-~]+$"},
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "required": False,
        "description": '所见版本 · the version the caller saw, such as `"3"`: 412 when stale; without it the newest counts',
        "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
    },
    "Prefer": {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": "`return=minimal`：只答版本与地址 · an answer of headers alone: 204, or 201 for a new ticket (RFC 7240)",
        "schema": {"type": "string"},
    },
}
CONDITIONS = [{"$ref": f"#/components/parameters/{name}"} for name in ("IdempotencyKey", "IfMatch")]
MINIMAL = [{"$ref": "#/components/parameters/Prefer"}]
PUBLIC: dict[str, Any] = {"security": []}


def command_extra(
    model: type[BaseModel],
    examples: Mapping[str, Any] | None = None,
    media: str = "application/json",
    required: bool = True,
    minimal: bool = False,
) -> dict[str, Any]:
    """Make the ``openapi_extra`` of a command: its body, and the headers ``Idempotency-Key`` and ``If-Match``.

    ``minimal``: it also heeds ``Prefer: return=minimal``.
    """
    _models[model.__name__] = model
    content: dict[str, Any] = {"schema": {"$ref": REF.format(model=model.__name__)}}
    if examples:
        content["examples"] = {name: {"summary": name, "value": value} for name, value in examples.items()}
    required = required and any(field.is_required() for field in model.model_fields.values())
    return {
        "requestBody": {"required": required, "content": {media: content}},
        "parameters": [*CONDITIONS, *(MINIMAL if minimal else ())],
    }


TAGS: Sequence[tuple[str, str]] = (
    ("tickets", "工单 · tickets"),
    ("approvals", "第二人审批 · commands that take two people"),
    ("workload", "在办工单 · what is unfinished"),
    ("books", "记录册与月报 · books and reports"),
    ("duty", "值班 · who holds the desk"),
    ("appraisal", "考评 · rule books, findings, figures, tallies"),
    ("registry", "小区、人员、权限 · communities, people, roles, tokens"),
    ("privacy", "个人信息 · erasure, disclosure, the access log"),
    ("audit", "审计 · events and the process"),
    ("operation", "运行 · projections, health, measures"),
)


def describe(app: FastAPI, version: str) -> dict[str, Any]:
    """Make the whole description; it needs all routes of the application in place."""
    found: dict[str, Any] = get_openapi(
        title="工单 Gongdan",
        version=version,
        description="物业客户服务中心的工单、值班与考评 · service desk, duty and appraisal of a property-management company. "
        "Moments are ISO 8601 with an offset and answered in UTC; money is integer fen; every error is an RFC 9457 problem.",
        routes=app.routes,
        tags=[{"name": name, "description": said} for name, said in TAGS],
    )
    components = found.setdefault("components", {})
    _, definitions = models_json_schema([(model, "validation") for model in _models.values()], ref_template=REF)
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas |= definitions["$defs"]
    components["parameters"] = PARAMETERS
    components["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "API token, made by `gongdan token create LOGIN`"}
    }
    found["security"] = [{"token": []}]
    return found

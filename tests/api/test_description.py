"""The OpenAPI description is complete, and every answer conforms to it."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import Case, CheckContext, Response
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from adapters.api.openapi.description import describe
from adapters.server.app import VERSION, from_settings
from domain.ticket.lifecycle import TABLE
from tests.support.client import Client
from tests.support.examples import one_in
from tests.support.server import Server


def no_failure(context: CheckContext, response: Response, case: Case[Any]) -> None:
    """No answer is a 5xx, except 503 for a position that a read model has not reached."""
    if response.status_code >= 500:
        assert response.status_code == 503
        assert "min_position" in case.query


CHECKS = (
    no_failure,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)


@pytest.fixture
async def described(api: Client) -> dict[str, Any]:
    found: dict[str, Any] = (await api.http.get("/api/v1/openapi.json")).json()
    return found


def operations(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@pytest.mark.anyio
async def test_every_operation_says_what_it_does_and_how_it_fails(described: dict[str, Any]) -> None:
    for path, method, operation in operations(described):
        where = f"{method} {path}"
        assert " · " in operation["summary"], where
        assert operation["tags"], where
        responses = operation["responses"]
        assert "500" in responses, where
        if operation.get("security") != []:
            assert {"401", "403", "404", "422", "429", "503"} <= set(responses), where
        if method == "post":
            assert {"400", "408", "409", "412", "413", "415"} <= set(responses), where
            names = {parameter.get("$ref", "").rpartition("/")[2] for parameter in operation["parameters"]}
            assert {"IdempotencyKey", "IfMatch"} <= names, where
            assert operation["requestBody"]["content"], where
        for status, response in responses.items():
            if int(status) >= 400:
                assert list(response["content"]) == ["application/problem+json"], (where, status)


@pytest.mark.anyio
async def test_every_trigger_of_the_table_has_its_operation(described: dict[str, Any]) -> None:
    triggers = {row.trigger.value for row in TABLE} - {"receive"}
    for trigger in triggers:
        assert f"/api/v1/tickets/{{id}}/{trigger.replace('_', '-')}" in described["paths"]


@pytest.mark.anyio
async def test_a_misspelt_query_is_refused_by_name_and_probes_may_say_anything(api: Client, described: dict[str, Any]) -> None:
    before = (await api.estate.gongdan.store.head()).position
    for path, method, operation in operations(described):
        some = path.format_map(defaultdict(lambda: "11111111-1111-4111-8111-111111111111"))
        sent: dict[str, Any] = {"headers": api.estate.bearer("li"), "params": {"comunity": "JX"}}
        answer = await api.http.request(method, some, **sent)
        if not path.startswith("/api/"):
            assert answer.status_code == 200, path
            continue
        error = answer.json()["errors"][0]
        assert (answer.status_code, error["pointer"]) == (422, "/query/comunity"), path
        names = {parameter["name"] for parameter in operation.get("parameters", ()) if parameter.get("in") == "query"}
        legal = error["message"].partition("parameters: ")[2].split(", ")
        assert set(legal) == (names or {"none"}), path
    assert (await api.estate.gongdan.store.head()).position == before


@pytest.mark.anyio
async def test_references_lead_somewhere(described: dict[str, Any]) -> None:
    def references(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "$ref":
                    yield inner
                yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    for reference in references(described):
        found: Any = described
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


@pytest.mark.anyio
async def test_examples_stand_where_clerks_begin(described: dict[str, Any]) -> None:
    for path in ("/api/v1/tickets", "/api/v1/tickets/{id}/classify", "/api/v1/tickets/{id}/dispatch"):
        assert described["paths"][path]["post"]["requestBody"]["content"]["application/json"]["examples"]


def test_every_route_is_described(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GONGDAN_STORE", f"sqlite:///{tmp_path}/none.db")
    app = from_settings()
    for route in app.routes:
        page = getattr(getattr(route, "endpoint", None), "__module__", "").startswith("adapters.pages")
        if isinstance(route, Route) and not page and not route.path.endswith("openapi.json"):
            assert getattr(route, "include_in_schema", True)


SCHEMA = schemathesis.openapi.from_dict(describe(from_settings(), VERSION))
OPERATIONS: list[Any] = [
    found.ok() for found in SCHEMA.exclude(path_regex="stream$").get_all_operations() if isinstance(found, Ok)
]


@pytest.mark.parametrize("operation", OPERATIONS, ids=[operation.label for operation in OPERATIONS])
def test_every_answer_keeps_to_the_description(operation: Any, served: tuple[Server, dict[str, str]]) -> None:
    server, tokens = served

    @settings(one_in(16), suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(), login=st.sampled_from(("chen", "root", "wang")))
    def keeps_to_it(case: Case[Any], login: str) -> None:
        case.call_and_validate(
            base_url=server.url, headers={"Authorization": f"Bearer {tokens[login]}"}, checks=list(CHECKS), timeout=30
        )

    keeps_to_it()

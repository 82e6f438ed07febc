"""The OpenAPI document: valid, complete, and true."""

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from adapters.http import answers
from adapters.http.problems import STATUS, refused
from adapters.http.recentcontact.described import EXAMPLES
from domain.commands import Command
from domain.limits import Limits
from domain.refusals import MalformedConversationID, Refusal, TooManyConversations
from tests.integration.answers import assert_problem
from tests.integration.raw import ask
from tests.integration.recentcontact import ok
from tests.integration.service import Service

TOO_MANY = json.dumps({"conversationIDs": ["C2Ca"] * 301}).encode()
OF_ONE_CONVERSATION = {MalformedConversationID, TooManyConversations}


@pytest.fixture(scope="session")
def document(service: Service) -> dict[str, Any]:
    response = service.client.get("/openapi.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.json()
    return found


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def examples(document: dict[str, Any], media_type: str) -> list[tuple[str, str, Any, Any]]:
    """Give each example of an answer: of which operation, for which status, its schema, and itself."""
    return [
        (name, status, content.get("schema"), example["value"])
        for name, operation in operations(document)
        for status, response in operation["responses"].items()
        for kind, content in response.get("content", {}).items()
        if kind == media_type
        for example in content["examples"].values()
    ]


def problems(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the examples of problems by their kind."""
    found = examples(document, "application/problem+json")
    return {problem["type"].rpartition(":")[2]: problem for *_, problem in found}


def assert_fits(document: dict[str, Any], schema: Any, value: Any) -> None:
    Draft202012Validator({**schema, "components": document["components"]}).validate(value)


def test_the_document_is_valid(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    OpenAPIV31SpecValidator(document).validate()


def test_every_refusal_of_a_whole_command_has_a_status() -> None:
    assert set(STATUS) == set(Refusal.__subclasses__()) - OF_ONE_CONVERSATION


@pytest.mark.parametrize("kind", STATUS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_an_example_where_commands_are_documented(
    document: dict[str, Any], kind: type[Refusal]
) -> None:
    responses = document["paths"]["/v1/users/{userID}/commands"]["post"]["responses"]
    found = responses[str(STATUS[kind])]["content"]["application/problem+json"]["examples"].values()
    ours = [example["value"] for example in found if example["value"].get("code") == kind.code]
    facts = {"type", "title", "status", "detail"} | ({"code"} if kind.code else set())
    assert any(facts <= example.keys() and _is(example, kind) for example in ours)


def _is(example: dict[str, Any], kind: type[Refusal]) -> bool:
    return str(example["title"]).replace(" ", "").lower() == kind.__name__.lower()


def test_a_refusal_without_a_row_would_be_seen() -> None:
    with pytest.raises(KeyError):
        refused(MalformedConversationID())


def test_every_command_has_an_example_and_a_schema(document: dict[str, Any]) -> None:
    names = {command.__name__ for command in Command.__args__}
    [content] = document["paths"]["/v1/users/{userID}/commands"]["post"]["requestBody"]["content"].values()
    assert content["examples"].keys() == names
    assert {one["$ref"].rpartition("/")[2] for one in content["schema"]["oneOf"]} == names
    assert names <= document["components"]["schemas"].keys()
    for name, example in content["examples"].items():
        assert_fits(document, {"$ref": f"#/components/schemas/{name}"}, example["value"])


@pytest.mark.parametrize("command", [command.__name__ for command in Command.__args__])
def test_the_example_of_a_command_is_carried_out(
    service: Service, user: str, document: dict[str, Any], command: str
) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["GROUPtest", "C2Cbob"])
    for n in range(5):
        service.done(user, "CreateGroup", groupName=str(n))
    [content] = document["paths"]["/v1/users/{userID}/commands"]["post"]["requestBody"]["content"].values()
    response = service.client.post(f"/v1/users/{user}/commands", json=content["examples"][command]["value"])
    assert response.status_code == 200, response.text
    assert response.json()["events"] != [] or command == "AddConversations"
    assert_fits(document, {"$ref": "#/components/schemas/CommandAnswer"}, response.json())


def test_every_example_of_an_answer_is_one(document: dict[str, Any]) -> None:
    found = [one for one in examples(document, "application/json") if one[2]]
    assert len(found) >= 10
    for _, _, schema, value in found:
        name = schema["$ref"].rpartition("/")[2]
        model: Any = Limits if name == "Limits" else getattr(answers, name)
        assert json.loads(model.model_validate_json(json.dumps(value)).to_json()) == value
        assert_fits(document, schema, value)


def test_every_example_of_a_problem_is_one(document: dict[str, Any]) -> None:
    found = examples(document, "application/problem+json")
    for _, status, schema, value in found:
        assert_fits(document, schema, value)
        assert status in (str(value["status"]), "default")


def test_every_operation_documents_what_goes_wrong(document: dict[str, Any]) -> None:
    for name, operation in operations(document):
        assert operation["summary"]
        assert all(response["description"] for response in operation["responses"].values()), name
        assert "HTTPValidationError" not in json.dumps(operation), name
        if "/v1/" in name:
            assert {"200", "400", "401", "403", "500", "503"} <= operation["responses"].keys(), name
        if name.startswith("POST /v1/"):
            assert {"413", "415", "422"} <= operation["responses"].keys(), name
        if "If-None-Match" in json.dumps(operation.get("parameters", [])):
            assert "304" in operation["responses"], name


@pytest.mark.parametrize("call", EXAMPLES)
def test_the_products_calls_answer_as_documented(
    service: Service, user: str, document: dict[str, Any], call: str
) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers")
    if call != "create_contact_group":
        service.done(user, "AddConversations", groupName="Suppliers", conversationIDs=["GROUPtest", "C2Cexample"])
    operation = document["paths"][f"/v4/recentcontact/{call}"]["post"]
    [content] = operation["requestBody"]["content"].values()
    assert_fits(document, content["schema"], content["example"])
    answer = ok(service, call, {**content["example"], "From_Account": user})
    documented = operation["responses"]["200"]["content"]["application/json"]["examples"]["done"]["value"]
    assert documented == {**_at(1795341600, answer), "ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}


def _at(second: int, answer: Any) -> Any:
    """Give an answer as of another second."""
    text = re.sub(r'"Timestamp": \d+', f'"Timestamp": {second}', json.dumps(answer))
    return json.loads(text)


def test_reads_answer_as_documented(service: Service, user: str, document: dict[str, Any]) -> None:
    service.done(user, "CreateGroup", groupName="Suppliers", conversationIDs=["GROUPtest", "C2Cbob"])
    for path, methods in document["paths"].items():
        if "get" not in methods or not path.startswith("/v1/") or path.endswith("/events"):
            continue  # the feed has no end, and tests of its own
        response = service.client.get(path.format(userID=user, groupID=1))
        assert_fits(
            document, methods["get"]["responses"]["200"]["content"]["application/json"]["schema"], response.json()
        )


@pytest.mark.parametrize(
    ("kind", "method", "target", "headers", "body"),
    [
        ("malformed", "POST", "commands", [], b"{}"),
        ("not-json", "POST", "commands", [], b"{"),
        ("malformed-header", "GET", "groups", ["App-ID: x"], None),
        ("malformed-path", "GET", "groups%ff", [], None),
        ("body-too-large", "POST", "commands", [], b" " * 1024 * 1025),
        ("not-json-content", "POST", "commands", ["Content-Type: text/plain"], b"{}"),
        ("too-many-conversations-asked", "POST", "conversations/lookup", [], TOO_MANY),
        ("method-not-allowed", "PUT", "groups", [], None),
    ],
)  # fmt: skip
def test_what_is_no_rule_is_refused_as_documented(
    service: Service, user: str, document: dict[str, Any], kind: str, method: str, target: str, headers: Any, body: Any
) -> None:
    example = problems(document)[kind]
    response = ask(service, f"/v1/users/{user}/{target}", *headers, method=method, body=body)
    problem = assert_problem(response, example["status"], kind, example.get("code"))
    assert problem.keys() == example.keys() | (problem.keys() & {"errors"})
    assert problem["title"] == example["title"]

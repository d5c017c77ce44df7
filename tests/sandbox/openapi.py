"""Holds an exchange of a vendor (or its twin) against the vendor's own OpenAPI document.

    openapi = OpenApi.load("fortnox")          # None where ../shared/specs is absent: skip then
    twin.observers.append(exchanges.append)
    ...
    assert [p for e in exchanges for p in openapi.problems(e)] == []

`problems` is `request_problems` (of interest for our adapters) plus `response_problems` (of interest for the twins).
An exchange is anything with the attributes of `sandbox.log.Exchange`. Where practice is known to differ from a document
the difference is allowed, and only there: see DEVIATIONS.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import parse_qsl

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError

SPECS = Path(__file__).parents[2] / ".." / "shared" / "specs"

Vendor = Literal["fortnox", "smartdok"]
Mode = Literal["create", "replace", "answer"]

# What differs from the documents, and who says so. The names are used below where the difference is let through.
DEVIATIONS = {
    "fortnox": {
        "oauth": "Seen in practice 4: the token endpoint is not part of the document",
        "pages": "note 19: lists take page and limit, and carry MetaInformation",
        "sort order": "FX2: sortorder and offset are global parameters",
        "searches": "Seen in practice 1 and 2: supplierinvoicenumber, and lastmodified of supplier invoices",
        "empty": 'note 33 and fortpyx: an empty field of an answer is null or "", whatever its type',
        "blank": "note 33: API_BLANK empties a field of any type, 0 empties an account or a VAT rate",
        "partial": "FX14, texts of the PUT operations: only what is sent is changed, so nothing is required",
        "attachment": "note 58 and the text of /3/archive: with fileid it gives the file where a folder is declared",
        "spelling": "Seen in practice 5: error/message/code beside Error/Message/Code",
    },
    "smartdok": {
        "zone": "notes, Conventions: date-times come without zone or offset",
        "created": "notes, Conventions: 201 where 200 is declared",
        "faults": "notes, Conventions: 400, 401 and 404 are undeclared",
        "offset": "notes, Lists: offset and count are sent although not declared",
    },
}

GLOBAL_PARAMETERS: dict[str, set[str]] = {
    "fortnox": {"page", "limit", "sortorder", "offset"},  # pages, sort order
    "smartdok": {"offset", "count"},  # offset
}
FURTHER_PARAMETERS: dict[str, set[str]] = {  # searches
    "/3/supplierinvoices": {"lastmodified"},
    "/3/supplierinvoicefileconnections": {"supplierinvoicenumber"},
}
META = {
    "type": "object",
    "properties": {name: {"type": "integer"} for name in ("@TotalResources", "@TotalPages", "@CurrentPage")},
    "required": ["@TotalResources", "@TotalPages", "@CurrentPage"],
    "additionalProperties": False,
}


class Exchanged(Protocol):
    """What is read of an exchange. Header names are lower-case; `fault` names a fault that replaced the answer."""

    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query(self) -> str: ...
    @property
    def request_headers(self) -> dict[str, str]: ...
    @property
    def request_body(self) -> bytes: ...
    @property
    def status(self) -> int: ...
    @property
    def response_headers(self) -> dict[str, str]: ...
    @property
    def response_body(self) -> bytes: ...
    @property
    def fault(self) -> str | None: ...


@dataclass(frozen=True)
class Operation:
    template: str
    spec: dict[str, Any]


class OpenApi:
    """One vendor's document, ready to check exchanges."""

    def __init__(self, vendor: Vendor, document: dict[str, Any]) -> None:
        self.vendor = vendor
        self.document = document
        self._paths = [
            (template, _pattern(template, "[^/]+"), _pattern(template, ".+")) for template in document["paths"]
        ]
        self._components = {mode: self._adapted(mode) for mode in ("create", "replace", "answer")}
        self._formats = _format_checker()
        self._validators: dict[str, Draft202012Validator] = {}

    @classmethod
    @cache
    def load(cls, vendor: Vendor) -> OpenApi | None:
        """Read once per run. None where the vendors' documents are not on this machine."""
        file = SPECS / f"{vendor}-openapi.json"
        return cls(vendor, json.loads(file.read_text(encoding="utf-8"))) if file.exists() else None

    def problems(self, exchange: Exchanged) -> list[str]:
        return self.request_problems(exchange) + self.response_problems(exchange)

    def request_problems(self, exchange: Exchanged) -> list[str]:
        """What the document would not have let a client send."""
        if self._beside(exchange):
            return []
        operation = self._operation(exchange)
        if operation is None:
            return [_line(exchange, "is not in the document")]
        found = [*self._query_problems(operation, exchange), *self._body_problems(operation, exchange)]
        return [_line(exchange, text) for text in found]

    def response_problems(self, exchange: Exchanged) -> list[str]:
        """Where the answer is not what the document says; none for an answer that a fault put in its place."""
        operation = self._operation(exchange)
        if self._beside(exchange) or operation is None or exchange.fault not in {None, "delay", "delay-after"}:
            return []
        responses = operation.spec["responses"]
        declared = responses.get(str(exchange.status))
        if declared is None and self.vendor == "smartdok":
            if exchange.status >= 400:  # faults
                return []
            if exchange.status == 201:  # created
                declared = responses.get("200")
        elif declared is None and exchange.status >= 400:
            declared = responses.get("default")
        if declared is None:
            return [_line(exchange, f"status {exchange.status} is not declared")]
        if operation.template == "/3/archive" and "fileid=" in exchange.query and exchange.status == 200:  # attachment
            return []
        schema = _schema(declared.get("content"), exchange.status < 400)
        if schema is None or schema.get("format") == "byte":
            return []
        try:
            value = json.loads(exchange.response_body)
        except ValueError:
            return [_line(exchange, "answers something that is not JSON")]
        if "json" not in exchange.response_headers.get("content-type", ""):
            return [_line(exchange, f"answers JSON as {exchange.response_headers.get('content-type')}")]
        return [_line(exchange, f"answer{text}") for text in self._errors(schema, "answer", value)]

    # Requests

    def _beside(self, exchange: Exchanged) -> bool:
        return self.vendor == "fortnox" and exchange.path.startswith("/oauth-v1/")  # oauth

    def _operation(self, exchange: Exchanged) -> Operation | None:
        """The most literal template that fits; a number with "/" in it fits only when nothing else does."""
        method = exchange.method.lower()
        for position in (1, 2):
            fitting = [entry[0] for entry in self._paths if entry[position].fullmatch(exchange.path)]
            fitting = [template for template in fitting if method in self.document["paths"][template]]
            if fitting:
                template = min(fitting, key=lambda t: t.count("{"))
                return Operation(template, self.document["paths"][template][method])
        return None

    def _query_problems(self, operation: Operation, exchange: Exchanged) -> Iterator[str]:
        declared = {p["name"]: p for p in operation.spec.get("parameters", []) if p["in"] == "query"}
        sent = dict(parse_qsl(exchange.query, keep_blank_values=True))
        beyond = GLOBAL_PARAMETERS[self.vendor] | FURTHER_PARAMETERS.get(operation.template, set())
        for name, text in sent.items():
            if name in declared:
                for error in self._errors(declared[name]["schema"], "create", _typed(declared[name]["schema"], text)):
                    yield f"parameter {name}{error}"
            elif name not in beyond or exchange.method != "GET":
                yield f"parameter {name} is not declared"
        for name, parameter in declared.items():
            if parameter.get("required") and name not in sent:
                yield f"parameter {name} is missing"

    def _body_problems(self, operation: Operation, exchange: Exchanged) -> Iterator[str]:
        content = operation.spec.get("requestBody", {}).get("content")
        if content is None:
            if exchange.request_body:
                yield "sends a body where none is declared"
            return
        schema = _schema(content, wanted=True)
        if schema is None or "multipart/form-data" in content:
            return
        try:
            value = json.loads(exchange.request_body)
        except ValueError:
            yield "sends something that is not JSON"
            return
        if "json" not in exchange.request_headers.get("content-type", ""):
            yield f"sends JSON as {exchange.request_headers.get('content-type')}"
        mode: Mode = "replace" if exchange.method == "PUT" else "create"
        for error in self._errors(schema, mode, value):
            yield f"request{error}"

    # Schemas

    def _errors(self, schema: dict[str, Any], mode: Mode, value: Any) -> Iterator[str]:
        key = f"{mode} {json.dumps(schema, sort_keys=True)}"
        if key not in self._validators:
            whole = {**self._schema_for(mode, schema), "components": {"schemas": self._components[mode]}}
            self._validators[key] = Draft202012Validator(whole, format_checker=self._formats)
        for error in self._validators[key].iter_errors(value):
            yield f"{_place(error)}: {_reason(error)}"

    def _adapted(self, mode: str) -> dict[str, Any]:
        schemas = self.document["components"]["schemas"]
        adapted = {name: self._schema_for(mode, schema) for name, schema in schemas.items()}
        if self.vendor == "fortnox" and mode == "answer":
            for name, schema in adapted.items():
                if name.endswith(("_List", "ListItem_Wrap")):  # pages
                    schema["properties"]["MetaInformation"] = META
            errors = adapted["fortnox_ErrorInformationWrap_ErrorInformation"]["properties"]
            errors |= {name.lower(): schema for name, schema in errors.items()}  # spelling
        return adapted

    def _schema_for(self, mode: str, schema: dict[str, Any]) -> dict[str, Any]:
        """An OpenAPI 3.0 schema as JSON Schema, with the deviations of the mode let in."""
        if "$ref" in schema:
            return {"$ref": schema["$ref"]}
        adapted = {name: value for name, value in schema.items() if name not in {"example", "nullable", "properties"}}
        if "items" in schema:
            adapted["items"] = self._schema_for(mode, schema["items"])
        if "properties" in schema:
            required = set(schema.get("required", ()))
            adapted["properties"] = {
                name: self._property(mode, name, value, name in required)
                for name, value in schema["properties"].items()
            }
            adapted.setdefault("additionalProperties", False)
            if mode == "replace" and self.vendor == "fortnox":  # partial
                adapted.pop("required", None)
        if schema.get("nullable") and "type" in adapted:
            adapted["type"] = [adapted["type"], "null"]
            if "enum" in adapted:
                adapted["enum"] = [*adapted["enum"], None]
        return adapted

    def _property(self, mode: str, name: str, schema: dict[str, Any], required: bool) -> dict[str, Any]:
        adapted = self._schema_for(mode, schema)
        if self.vendor != "fortnox" or schema.get("type") in {"array", "object"} or "$ref" in schema:
            return adapted
        if mode == "answer":
            return adapted if required else {"anyOf": [adapted, {"enum": [None, ""]}]}  # empty
        allowed: list[Any] = ["API_BLANK"]  # blank
        if name.startswith(("Account", "VAT")) and schema.get("type") == "integer":
            allowed.append(0)
        return {"anyOf": [adapted, {"enum": allowed}]}


def _pattern(template: str, parameter: str) -> re.Pattern[str]:
    parts = re.split(r"(\{[^}]+\})", template)
    return re.compile("".join(parameter if part.startswith("{") else re.escape(part) for part in parts))


def _schema(content: dict[str, Any] | None, wanted: bool) -> dict[str, Any] | None:
    """The JSON schema of a body; a file's error body is declared under the file's own type."""
    if not content or (not wanted and not any("json" in kind or kind.startswith("*") for kind in content)):
        return None
    chosen = next((content[kind] for kind in content if "json" in kind), next(iter(content.values())))
    schema: dict[str, Any] | None = chosen.get("schema")
    return schema


def _typed(schema: dict[str, Any], text: str) -> Any:
    """The text of a query parameter as the type that is declared."""
    kinds = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": "true|false"}
    pattern = kinds.get(schema.get("type", ""))
    return json.loads(text) if pattern and re.fullmatch(pattern, text) else text


def _format_checker() -> FormatChecker:
    checker = FormatChecker(formats=("date", "uuid"))

    def int32(value: object) -> bool:
        return not isinstance(value, int) or -(2**31) <= value < 2**31

    def date_time(value: object) -> bool:  # zone
        return not isinstance(value, str) or ("T" in value and bool(datetime.fromisoformat(value)))

    checker.checks("int32")(int32)
    checker.checks("date-time", raises=ValueError)(date_time)
    return checker


def _place(error: ValidationError) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in error.absolute_path)


def _reason(error: ValidationError) -> str:
    """The first reason below an alternative: the alternatives themselves are deviations and say nothing."""
    return _reason(error.context[0]) if error.context else error.message[:300]


def _line(exchange: Exchanged, text: str) -> str:
    return f"{exchange.method} {exchange.path} ({exchange.status}): {text}"

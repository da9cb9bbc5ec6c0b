"""The JSON Schema of a record type (2020-12), as the catalogue serves it: titles and examples for readers."""

from functools import cache
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from schemas.records.registry import record_model


@cache
def json_schema(record_type: str) -> dict[str, Any]:
    """The schema; it is shared, so do not change it. Raises `UnknownRecordType`."""
    model = record_model(record_type)
    schema = model.model_json_schema(by_alias=True)
    for part in [schema, *schema.get("$defs", {}).values()]:
        for field in part.get("properties", {}).values():
            # Pydantic's own titles are names torn apart ("Validuntil"), and null is not what an absent field means.
            field.pop("title", None)
            field.pop("default", None)
    return {
        "$schema": GenerateJsonSchema.schema_dialect,
        **schema,
        "title": model.title,
        "description": model.description,
        "examples": [model.example],
    }

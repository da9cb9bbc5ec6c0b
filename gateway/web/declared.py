"""What the OpenAPI document says of problems: once, for every room's routes."""

from typing import Any

from schemas.api.problems import Problem


def problem(description: str) -> dict[str, Any]:
    """A response that is a problem (RFC 9457)."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        "description": description,
        "model": Problem,
        "content": {"application/problem+json": {"schema": schema}},
    }


ANY_PROBLEM: dict[int | str, dict[str, Any]] = {"default": problem("A problem: /problems tells of each code")}
"""For a router whose routes do not tell one status from another."""

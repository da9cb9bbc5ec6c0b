"""The OpenAPI document tells of problems as they are: RFC 9457, and nothing of FastAPI's own form of errors."""

import json

from gateway.app import openapi_document


def test_every_route_of_the_api_declares_its_problems() -> None:
    routes = {
        f"{method.upper()} {path}": route
        for path, methods in json.loads(openapi_document())["paths"].items()
        if path.startswith("/v1/")
        for method, route in methods.items()
    }
    assert len(routes) > 20
    for name, route in routes.items():
        told = [answer.get("content", {}) for answer in route["responses"].values()]
        assert any("application/problem+json" in content for content in told), name
        assert "HTTPValidationError" not in json.dumps(route), name

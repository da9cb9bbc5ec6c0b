"""`python -m tests.error_page > docs/errors.md`: the page of all problem types, from the code. A test holds it."""

from http import HTTPStatus

from gateway.document import connector_types, problem_types
from gateway.policy import REASONS

_HEAD = """# Errors

Every error is `application/problem+json` (RFC 9457): `type` (a page of the gateway), `title`, `status`, `code`,
`requestId`, and where there is one `detail` (what is wrong here, or what to do), `exchangeId`, `reasons`, `errors`.
What could not be read as an HTTP request at all has no `requestId`, and no line in the log but that it came.
Only `/oauth/*` answers as RFC 6749 says. No error holds a personal value; `errors` points to what is wrong by JSON
Pointer, and to an unknown member by its parent, with the members that are known there.

Refusals have [a page of their own](reason-codes.md), with the missing key and its remedy. This page holds all others.
Write it with `python -m tests.error_page > docs/errors.md`.
"""

_OF_CONNECTOR = """## Of the connector

`threekeys connect` answers with these what it does not forward, and what did not come back: with `"source":
"connector"`, without `requestId`. Their `type` is a page of the gateway as well.
"""


def page() -> str:
    """The whole page."""
    lines = [_HEAD]
    kinds = [kind for kind in problem_types().values() if kind.code not in REASONS or kind.status == 401]
    for status in sorted({kind.status for kind in kinds}):
        lines += [
            f"## {status} {HTTPStatus(status).phrase}\n",
            "| code | what it means | what to do |",
            "| --- | --- | --- |",
        ]
        same = sorted((kind for kind in kinds if kind.status == status), key=lambda kind: kind.code)
        lines += [f"| `{kind.code}` | {kind.title} | {kind.explanation} |" for kind in same]
        lines.append("")
    lines += [_OF_CONNECTOR, "| code | status | what it means | what to do |", "| --- | --- | --- | --- |"]
    own = connector_types().values()
    lines += [f"| `{kind.code}` | {kind.status} | {kind.title} | {kind.explanation} |" for kind in own]
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    print(page(), end="")

"""What each problem must be, whatever it is about; and values that are marked, to be found where they must not be."""

from typing import Any

import httpx

from gateway.document import problem_types

KNOWN = frozenset(problem_types())
"""The codes that have a page: `test_problem_pages.py` fetches each."""
MARK = "Zyzzyva"
"""Stands in values of requests: no problem repeats it."""
CODE_MARK = "zyzzyva-marked"
"""The same where the form wants a code."""


def problem(answer: httpx.Response, status: int, code: str, *marks: str) -> dict[str, Any]:
    """The members of this problem; the answer is one, of that code, complete, and repeats none of the marks."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert (body["status"], body["code"]) == (status, code), answer.text
    assert body["type"].endswith(f"/problems/{code}")
    assert code in KNOWN
    assert body["title"]
    assert body["requestId"] == answer.headers["x-request-id"]
    assert body.get("detail") or body.get("errors") or body.get("reasons"), f"{code} does not say what to do"
    told = (answer.text + str(answer.headers)).lower()
    for mark in ("zyzzyva", *(mark.lower() for mark in marks)):
        assert mark not in told, f"the problem repeats {mark}"
    return body


def pointers(body: dict[str, Any]) -> list[str]:
    """Where the faults lie, sorted."""
    return sorted(fault["pointer"] for fault in body["errors"])

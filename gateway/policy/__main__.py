"""`python -m gateway.policy` prints `docs/reason-codes.md`; a test holds the page to it, both ways."""

import sys
from collections.abc import Iterator

from gateway.policy.reasons import REASONS, ReasonCode

_HEAD = """# Reason codes

A refusal is `application/problem+json`. Each item of its `reasons` has one of these codes, the key that is missing,
and the remedy; the first item gives the problem its `type`, `title` and `status`. A code without a missing key is one
that no key would mend. Print this page with `python -m gateway.policy`.
"""

_FOOT = """## Not refusals

An exchange that is permitted may still leave a field out. `withheld` names it with one of these reasons.

| reason | meaning |
| --- | --- |
| `not-chosen-by-person` | Optional, and the person did not choose it. It stays out whatever the record holds. |

`not-confirmed` is the one code that the exchange gives and not the policy: it needs the record to be read first.
A miss, a mismatch and a restricted record answer it alike, so that nobody learns which it was.
"""


def page() -> str:
    """The whole page, as Markdown."""
    return "\n".join((_HEAD, *_table(), "", _FOOT))


def _table() -> Iterator[str]:
    yield "| code | missing key | status | title | remedy | call |"
    yield "| --- | --- | --- | --- | --- | --- |"
    yield from (_row(reason) for reason in REASONS.values())


def _row(reason: ReasonCode) -> str:
    call = f"`{reason.method} {reason.href}`" if reason.method else ""
    cells = (f"`{reason.code}`", reason.key or "none", str(reason.status), reason.title, reason.remedy, call)
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(page())

"""Identifiers as sent: normalised by their model already; here, each scheme once."""

from collections.abc import Iterator
from typing import Protocol

from gateway.web.faults import Fault, fault
from schemas.api.subject import Subject


class About(Protocol):
    """A body that is about somebody."""

    @property
    def subject(self) -> Subject: ...


def by_scheme(body: About) -> dict[str, str]:
    """Scheme -> normalised value."""
    return {identifier.scheme: identifier.value for identifier in body.subject.identifiers}


def first_of(body: About) -> dict[str, str]:
    """The first that was sent, as scheme -> normalised value: whom a consent is asked of, and who was notified.

    The first alone, whatever the gateway knows of the others: else whose request it becomes would tell who is known.
    """
    identifier = body.subject.identifiers[0]
    return {identifier.scheme: identifier.value}


def schemes_twice(body: About) -> Iterator[Fault]:
    """A rule: two values of one scheme would be two people."""
    identifiers = body.subject.identifiers
    if len(identifiers) == 1:
        return
    schemes = [getattr(identifier, "scheme", None) for identifier in identifiers]  # where it is sound
    for n, scheme in enumerate(schemes):
        if scheme is not None and scheme in schemes[:n]:
            yield fault(("subject", "identifiers", n, "scheme"), "this scheme stands here twice")

"""From an agreement's row and its immutable text to the facts that the policy decides by."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import rfc8785

from gateway.agreements import repository
from gateway.agreements.repository import AgreementRow
from gateway.clock import from_datetime
from gateway.db.connection import Connection
from gateway.policy import AgreementFacts, LegalAuthority, PurposeTerms
from schemas.api.agreements import AgreementText, PurposeBody

# Least recently used first. Readers' threads share it: each call on it is one step, and what another thread dropped
# meanwhile is only read once more.
_kept: OrderedDict[tuple[str, int, str], AgreementFacts] = OrderedDict()
_MOST = 10_000
_ABOUT = ("consumer", "provider", "dataset", "controllers", "retention", "onwardUse")


def text_of(json_text: str) -> AgreementText:
    """The stored text as a model."""
    return AgreementText.model_validate_json(json_text)


def facts(connection: Connection, row: AgreementRow) -> AgreementFacts:
    """The facts of the version in force, or of the newest where none is yet; parsed once a version and state."""
    version = row.in_force or row.version
    key = (row.id, version, row.status)
    found = _kept.get(key)
    if found is None:
        stored = repository.version_text(connection, row.id, version)
        assert stored is not None
        found = _facts(row, version, stored[0])
        _kept[key] = found
    with suppress(KeyError):
        _kept.move_to_end(key)
        if len(_kept) > _MOST:
            _kept.popitem(last=False)
    return found


def choose(
    rows: Sequence[AgreementRow], purpose: str, connection: Connection, now: int | None = None
) -> AgreementFacts | None:
    """Of several agreements on one dataset, newest first, the best for this purpose at `now` (microseconds).

    One in force, valid now and for the purpose; else in force for the purpose; else in force; else the newest. Where
    no time is given, validity is not looked at.
    """

    def rank(one: AgreementFacts) -> tuple[bool, bool, bool]:
        in_force = one.status == "in-force"
        for_purpose = in_force and purpose in one.purposes
        valid = now is None or one.valid_from <= now < one.valid_until
        return for_purpose and valid, for_purpose, in_force

    return max((facts(connection, row) for row in rows), key=rank, default=None)


def _facts(row: AgreementRow, version: int, stored: str) -> AgreementFacts:
    text, digests = text_of(stored), _digests(json.loads(stored))
    return AgreementFacts(
        id=row.id,
        version=version,
        status=row.status,
        valid_from=from_datetime(text.valid_from),
        valid_until=from_datetime(text.valid_until),
        purposes={one.code: terms_of(one, digests[one.code]) for one in text.purposes},
        fields=frozenset(text.fields),
        per_minute=text.limits.per_minute,
        per_day=text.limits.per_day,
    )


def _digests(stored: dict[str, Any]) -> dict[str, str]:
    """By purpose, the digest of what a person consents to: all that the text says of who gets the data, for what,
    under which law, and what becomes of it (docs/adr/0014). Of the text as stored, so that no later model changes it;
    but in which order, and how often, it names the controllers says nothing.
    """
    about = {name: stored.get(name) for name in _ABOUT} | {"controllers": sorted({*stored["controllers"]})}
    return {
        purpose["code"]: hashlib.sha256(rfc8785.dumps({**about, "purpose": purpose})).hexdigest()
        for purpose in stored["purposes"]
    }


def terms_of(purpose: PurposeBody, digest: str = "") -> PurposeTerms:
    """One purpose of a text as the policy reads it."""
    authority = purpose.authority
    return PurposeTerms(
        authority=LegalAuthority(
            legal_power=authority.legal_power,
            lawful_basis=authority.lawful_basis,
            article9_condition=authority.article9_condition,
            article10_authority=authority.article10_authority,
            confidentiality_basis=authority.confidentiality_basis,
        ),
        signal=purpose.signal,
        signal_reason=purpose.signal_reason,
        notice_version=purpose.notice_version,
        explicit_request_days=purpose.explicit_request_days,
        needs_confidentiality_basis=purpose.needs_confidentiality_basis,
        digest=digest,
    )

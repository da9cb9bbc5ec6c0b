"""The three keys: a pure function of frozen facts, and its reason codes. Imports no other room.

`decide(asked, facts)` gives a `Permit` with the exact set of fields, or a `Refusal` with every reason found, each
naming the missing key and its remedy. Deny by default: a permit is built only at the end of a walk in which nothing
was found missing, and every fact has a value that refuses when it is left out.
"""

from gateway.policy.decide import decide, rests_on_consent
from gateway.policy.facts import (
    AgreementFacts,
    Asked,
    ConsentFacts,
    DatasetFacts,
    ExplicitRequest,
    Facts,
    LegalAuthority,
    NoticeFacts,
    OwnRequest,
    PartyFacts,
    PurposeTerms,
    Usage,
)
from gateway.policy.fields import covered, in_order, overlap
from gateway.policy.reasons import REASONS, Key, ReasonCode
from gateway.policy.verdict import Permit, Reason, Refusal, Verdict, Withheld, both

__all__ = [
    "REASONS",
    "AgreementFacts",
    "Asked",
    "ConsentFacts",
    "DatasetFacts",
    "ExplicitRequest",
    "Facts",
    "Key",
    "LegalAuthority",
    "NoticeFacts",
    "OwnRequest",
    "PartyFacts",
    "Permit",
    "PurposeTerms",
    "Reason",
    "ReasonCode",
    "Refusal",
    "Usage",
    "Verdict",
    "Withheld",
    "both",
    "covered",
    "decide",
    "in_order",
    "overlap",
    "rests_on_consent",
]

"""What there is in the sandbox: agencies, clients, datasets and agreements. All invented, and named so."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.catalogue.registration import AddDataset

CONTACT: Final = "data-desk@{}.sandbox.invalid"

AGENCIES: Final[Mapping[str, tuple[str, str]]] = {
    "sandbox.licensing": ("Sandbox Driver Licensing", "public"),
    "sandbox.benefits": ("Sandbox Benefits Agency", "public"),
    "sandbox.council": ("Sandbox City Council", "public"),
    "sandbox.primary-care": ("Sandbox Primary Care Register", "public"),
}

CASEWORK: Final = (
    "exchanges:write",
    "exchanges:read",
    "decisions:write",
    "permissions:read",
    "consents:write",
    "consents:read",
    "notices:write",
    "agreements:read",
    "ledger:read",
)
OFFICE: Final = (
    "agreements:read",
    "agreements:write",
    "agreements:accept",
    "exchanges:read",
    "consents:read",
    "ledger:read",
)
CLIENTS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "sandbox.council.casework": ("Council casework", CASEWORK),
    "sandbox.benefits.casework": ("Benefits casework", CASEWORK),
    **{f"{agency}.data-office": (f"{name}, data office", OFFICE) for agency, (name, _) in AGENCIES.items()},
}

LICENCES: Final = "sandbox.licensing/driving-licence/v1"
AWARDS: Final = "sandbox.benefits/benefit-award/v1"
COUNCIL_TAX: Final = "sandbox.council/council-tax/v1"
TENANCIES: Final = "sandbox.council/housing-tenancy/v1"
PATIENTS: Final = "sandbox.primary-care/gp-registration/v1"

DATASETS: Final = (
    AddDataset(
        LICENCES,
        "driving-licence/v1",
        "licensing",
        "Driving licences",
        "Standing, categories and endorsements of every licence holder, from the register itself.",
        ("nino", "driving-licence-number"),
        show_to_subject=True,
        freshness="live",
        contact=CONTACT.format("licensing"),
    ),
    AddDataset(
        AWARDS,
        "benefit-award/v1",
        "benefits",
        "Benefit awards",
        "Benefits in payment or ended in the last two years, from the claims system.",
        ("nino",),
        show_to_subject=True,
        freshness="live",
        contact=CONTACT.format("benefits"),
    ),
    AddDataset(
        COUNCIL_TAX,
        "council-tax/v1",
        "council-tax",
        "Council tax accounts",
        "Accounts of the city's households, from the nightly drop.",
        ("nino",),
        freshness="nightly",
        contact=CONTACT.format("council"),
    ),
    AddDataset(
        TENANCIES,
        "housing-tenancy/v1",
        "housing",
        "Council tenancies",
        "Tenancies of the city's own homes, from the nightly drop.",
        ("nino",),
        freshness="nightly",
        contact=CONTACT.format("council"),
    ),
    AddDataset(
        PATIENTS,
        "gp-registration/v1",
        "primary-care",
        "GP registrations",
        "Where a patient is registered, from the primary care register.",
        ("nhs-number",),
        confirm=("dateOfBirth",),
        freshness="live",
        contact=CONTACT.format("primary-care"),
    ),
)

_POWER: Final = "Sandbox Public Services Act 2024, section {}"
NOTICE: Final = "council-tax-reduction-2026"


def _purpose(
    code: str, description: str, section: int, signal: str, basis: str = "6(1)(e)", **more: Any
) -> dict[str, Any]:
    authority = {"legalPower": _POWER.format(section), "lawfulBasis": basis}
    for name in ("article9Condition", "article10Authority", "confidentialityBasis"):
        if name in more:
            authority[name] = more.pop(name)
    return {"code": code, "description": description, "authority": authority, "signal": signal, **more}


@dataclass(frozen=True, slots=True)
class Deal:
    """An agreement of the sandbox, as its text is drafted."""

    title: str
    consumer: str
    dataset: str
    fields: tuple[str, ...]
    purposes: tuple[dict[str, Any], ...]
    per_minute: int = 600
    per_day: int = 50_000

    def text(self, valid_from: str, valid_until: str) -> dict[str, Any]:
        """The text, JSON-ready."""
        provider = self.dataset.partition("/")[0]
        return {
            "title": self.title,
            "consumer": self.consumer,
            "provider": provider,
            "dataset": self.dataset,
            "purposes": list(self.purposes),
            "fields": list(self.fields),
            "limits": {"perMinute": self.per_minute, "perDay": self.per_day},
            "validFrom": valid_from,
            "validUntil": valid_until,
            "controllers": [AGENCIES[self.consumer][0], AGENCIES[provider][0]],
            "retention": "Until the decision is final, and one year after it.",
            "onwardUse": "None without a new agreement.",
            "dpiaReference": f"SANDBOX-DPIA-{self.dataset.split('/')[1]}",
        }


DEALS: Final = (
    Deal(
        "Driving licences for blue badge decisions",
        "sandbox.council",
        LICENCES,
        ("status", "validFrom", "validUntil", "categories", "holder.familyName", "address.postcode"),
        (
            _purpose(
                "blue-badge-eligibility",
                "Decide whether an applicant may hold a blue badge.",
                12,
                "consent",
                article10Authority="Sandbox Public Services Act 2024, schedule 1: no offence data is released",
            ),
        ),
    ),
    Deal(
        "Benefit awards for council tax reduction",
        "sandbox.council",
        AWARDS,
        ("awards.benefit", "awards.status", "awards.startDate", "awards.endDate"),
        (
            _purpose(
                "council-tax-reduction",
                "Work out council tax reduction, as the statute requires.",
                31,
                "notified",
                basis="6(1)(c)",
                noticeVersion=NOTICE,
                article9Condition="Article 9(2)(b): social security law",
            ),
        ),
    ),
    Deal(
        "Council tax accounts for claims",
        "sandbox.benefits",
        COUNCIL_TAX,
        ("band", "liableFrom", "liableUntil", "property.postcode", "discounts"),
        (
            _purpose(
                "housing-costs-claim",
                "Check the home of somebody who asked the benefits agency to do so.",
                8,
                "explicit-request",
                explicitRequestDays=30,
            ),
        ),
    ),
    Deal(
        "Council tenancies for housing costs",
        "sandbox.benefits",
        TENANCIES,
        ("status", "startDate", "endDate", "weeklyRent"),
        (
            _purpose(
                "overpayment-recovery",
                "Correct housing costs that were paid twice.",
                44,
                "none",
                basis="6(1)(c)",
                signalReason="Section 44 orders the check; asking the person first would defeat it.",
            ),
        ),
        per_minute=30,
        per_day=500,
    ),
    Deal(
        "GP registration for health assessments",
        "sandbox.benefits",
        PATIENTS,
        ("practice", "registeredFrom", "status"),
        (
            _purpose(
                "health-assessment",
                "Find the practice that can speak to a claim about health.",
                19,
                "consent",
                basis="6(1)(a)",
                article9Condition="Article 9(2)(a): explicit consent",
                confidentialityBasis="The patient's own consent",
                needsConfidentialityBasis=True,
            ),
        ),
    ),
)

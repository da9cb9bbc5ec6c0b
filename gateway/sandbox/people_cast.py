"""The people whom the demo and the tutorial speak of by name. The handles are public: they stay."""

from dataclasses import dataclass
from typing import Final

from gateway.sandbox.people_facts import (
    CONSENT_DECLINED,
    CONSENT_EXPIRED,
    CONSENTED,
    DECEASED,
    NO_CONSENT,
    NO_NINO,
    PARTIAL_DOB,
    RESTRICTED,
    TWIN,
)


@dataclass(frozen=True, slots=True)
class Role:
    """One named person: who they are, which edge case they stand for, what they surely have."""

    handle: str
    given_names: str
    family: str
    sex: str
    age: int
    traits: tuple[str, ...]
    benefits: tuple[str, ...] = ()
    licence_status: str | None = "valid"
    tenant: bool = True
    shares_home_with: str | None = None
    birth_family: str | None = None


PIP: Final = "personal-independence-payment"

CAST: Final = (
    Role("amara", "Amara May", "Ashworth", "F", 46, (CONSENTED,), (PIP,), birth_family="Mbeki"),
    Role("bryn", "Bryn", "Llewelyn", "M", 39, (NO_CONSENT,), (PIP, "universal-credit")),
    Role("catrin", "Catrin", "Vaughan", "F", 52, (CONSENT_EXPIRED,), (PIP,)),
    Role("dev", "Dev", "Rahman", "M", 31, (CONSENT_DECLINED,), ("universal-credit",)),
    Role("elin", "Elin", "Tremayne", "F", 34, (TWIN, NO_CONSENT), ("universal-credit",)),
    Role("efa", "Efa", "Tremayne", "F", 34, (TWIN, NO_CONSENT), ("carers-allowance",), shares_home_with="elin"),
    Role("farida", "Farida", "Hussain", "F", 19, (NO_NINO, NO_CONSENT)),
    Role("gwilym", "Gwilym", "Norbury", "M", 83, (DECEASED, NO_CONSENT), ("state-pension",)),
    Role("hana", "Hana", "Okafor", "F", 41, (RESTRICTED, CONSENTED), (PIP,)),
    Role("idris", "Idris", "Quayle", "M", 76, (PARTIAL_DOB, CONSENTED), ("state-pension",), licence_status=None),
    Role("joao", "João", "Peña", "M", 28, (CONSENTED,), ("universal-credit",)),
    Role("lowri", "Lowri", "Carrington", "F", 60, (CONSENTED,), (PIP,)),
    Role("marek", "Marek", "Jankowski", "M", 44, (CONSENTED,), (), licence_status="revoked"),
    Role("nia", "Nia", "Galloway", "F", 37, (CONSENTED,), (), licence_status="expired", tenant=False),
    Role("olu", "Olu", "Baptiste", "M", 68, (NO_CONSENT,), ("state-pension", "attendance-allowance")),
)

"""Which records the sandbox's agencies hold of a person: licences, awards, accounts, tenancies, registrations."""

from datetime import date, timedelta
from random import Random

from gateway.sandbox.people_facts import (
    Award,
    CouncilTaxAccount,
    Endorsement,
    Entitlement,
    Licence,
    Registration,
    Tenancy,
)
from gateway.sandbox.people_names import PRACTICES

_WEEKLY_PENCE = {
    "universal-credit": 9_215,
    "personal-independence-payment": 18_745,
    "state-pension": 23_025,
    "carers-allowance": 8_330,
    "attendance-allowance": 11_040,
}
_BANDS = "AABBBCCDDEFG"
_ANNUAL_PENCE = dict(zip("ABCDEFGH", range(131_226, 400_000, 32_807), strict=False))


def days(today: date, offset: int) -> str:
    """A day so many days from today, as ISO text."""
    return (today + timedelta(days=offset)).isoformat()


def licence(today: date, number: str, age: int, dice: Random, *, status: str = "valid") -> Licence:
    """A licence; a photocard is good for ten years, a category until the holder is 70."""
    kind = "provisional" if age < 18 else "full"
    issued = -dice.randrange(30, 3_200)
    expires = issued + 3_652 if status != "expired" else -dice.randrange(5, 300)
    until_seventy = max((70 - age) * 365, 400)
    codes = ["B"] + [code for code in ("A2", "BE", "C1") if age > 24 and dice.random() < 0.25]
    passed = -dice.randrange(200, max(201, (age - 17) * 365)) if age > 17 else -100
    entitlements = tuple(
        Entitlement(code, days(today, passed + 90 * place), days(today, until_seventy) if code != "A2" else None)
        for place, code in enumerate(codes)
    )
    offence = -dice.randrange(40, 1_000)
    points = status == "revoked" or dice.random() < 0.15
    endorsements = (Endorsement("SP30", days(today, offence), 3, days(today, offence + 1_461)),) if points else ()
    return Licence(number, kind, status, days(today, issued), days(today, expires), entitlements, endorsements)


def award(today: date, benefit: str, serial: int, dice: Random, *, ended: bool = False) -> Award:
    """An award of a benefit, in payment unless it ended."""
    start = -dice.randrange(400, 2_500)
    components: tuple[tuple[str, str], ...] = ()
    if benefit == "personal-independence-payment":
        components = (
            ("mobility", dice.choice(("standard", "enhanced"))),
            ("daily-living", dice.choice(("standard", "enhanced"))),
        )
    return Award(
        reference=f"SBX-{benefit[0].upper()}-{serial:06d}",
        benefit=benefit,
        status="ended" if ended else "in-payment",
        start_date=days(today, start),
        end_date=days(today, -dice.randrange(10, 300)) if ended else None,
        weekly_pence=_WEEKLY_PENCE[benefit] + dice.randrange(0, 400) * 5,
        components=components,
    )


def council_tax(today: date, since: str, serial: int, dice: Random) -> CouncilTaxAccount:
    """An account for the present home."""
    band = dice.choice(_BANDS)
    single = dice.random() < 0.35
    annual = _ANNUAL_PENCE[band] * 3 // 4 if single else _ANNUAL_PENCE[band]
    return CouncilTaxAccount(
        reference=f"CT-{700_000 + serial}",
        band=band,
        liable_from=since,
        annual_pence=annual,
        balance_pence=dice.choice((0, 0, annual // 6, annual // 10, -2_500)),
        discount="single-person" if single else None,
        discount_from=days(today, -dice.randrange(100, 900)) if single else None,
    )


def tenancy(since: str, serial: int, dice: Random) -> Tenancy:
    """A tenancy of the present home, let by the council."""
    return Tenancy(
        reference=f"HT-{300_000 + serial}",
        kind=dice.choice(("introductory", "secure", "secure", "flexible")),
        status="current",
        bedrooms=dice.randrange(1, 5),
        start_date=since,
        end_date=None,
        weekly_pence=dice.randrange(7_500, 16_000, 25),
        balance_pence=dice.choice((0, 0, -1_200, 11_250, 45_000)),
    )


def registration(today: date, dice: Random, *, status: str = "registered") -> Registration:
    """A registration with one of the city's practices."""
    code, name = dice.choice(PRACTICES)
    return Registration(code, name, days(today, -dice.randrange(200, 5_000)), status)

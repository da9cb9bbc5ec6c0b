"""What each record must be, made of the people's facts alone: neither a system nor an adapter is asked."""

from decimal import Decimal
from typing import Any

from gateway.sandbox.people import Person


def money(pence: int) -> dict[str, str]:
    return {"amount": f"{Decimal(pence) / 100:.2f}", "currency": "GBP"}


def holder(person: Person) -> dict[str, Any]:
    return {
        "familyName": person.family_name,
        "givenNames": person.given_names,
        "dateOfBirth": person.date_of_birth,
        "nino": person.nino,
    }


def address(person: Person) -> dict[str, Any]:
    return {
        "addressLine1": person.home.line1,
        "town": person.home.town,
        "postcode": person.home.postcode,
        "uprn": person.home.uprn,
        "country": "GB",
    }


def driving_licence(person: Person) -> dict[str, Any] | None:
    licence = person.licence
    if licence is None:
        return None
    return {
        "licenceNumber": licence.number,
        "kind": licence.kind,
        "status": licence.status,
        "validFrom": licence.valid_from,
        "validUntil": licence.valid_until,
        "categories": [
            {"code": item.code, "validFrom": item.valid_from, "validUntil": item.valid_until}
            for item in licence.entitlements
        ],
        "endorsements": [
            {
                "code": item.code,
                "offenceDate": item.offence_date,
                "points": item.points,
                "validUntil": item.valid_until,
            }
            for item in licence.endorsements
        ],
        "holder": holder(person),
        "address": address(person),
    }


def benefit_award(person: Person) -> dict[str, Any] | None:
    if not person.awards:
        return None
    family, given, married = person.family_name, person.given_names, person.married_on
    names = [{"familyName": family, "givenNames": given, "validFrom": married, "validUntil": None}]
    if person.birth_family_name:
        birth = {"familyName": person.birth_family_name, "givenNames": given, "validFrom": None}
        names.insert(0, {**birth, "validUntil": married})
    return {
        "person": {
            **holder(person),
            "dateOfDeath": person.date_of_death,
            "names": names,
            "addresses": [{**address(person), "validFrom": person.home.since, "validUntil": None}],
        },
        "awards": [
            {
                "reference": award.reference,
                "benefit": award.benefit,
                "status": award.status,
                "startDate": award.start_date,
                "endDate": award.end_date,
                "weeklyAmount": money(award.weekly_pence),
                "components": [{"code": code, "rate": rate} for code, rate in award.components],
            }
            for award in person.awards
        ],
    }


def council_tax(person: Person) -> dict[str, Any] | None:
    account = person.council_tax
    if account is None:
        return None
    discount = {"kind": account.discount, "percentage": 25, "validFrom": account.discount_from}
    return {
        "accountReference": account.reference,
        "liablePerson": holder(person),
        "property": address(person),
        "band": account.band,
        "liableFrom": account.liable_from,
        "liableUntil": None,
        "annualCharge": money(account.annual_pence),
        "balanceDue": money(account.balance_pence),
        "discounts": [discount] if account.discount else [],
    }


def housing_tenancy(person: Person) -> dict[str, Any] | None:
    tenancy = person.tenancy
    if tenancy is None:
        return None
    return {
        "tenancyReference": tenancy.reference,
        "kind": tenancy.kind,
        "status": tenancy.status,
        "landlord": "Sandham City Council",
        "tenant": holder(person),
        "property": address(person),
        "bedrooms": tenancy.bedrooms,
        "startDate": tenancy.start_date,
        "endDate": tenancy.end_date,
        "weeklyRent": money(tenancy.weekly_pence),
        "rentBalance": money(tenancy.balance_pence),
    }

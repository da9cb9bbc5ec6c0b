"""The thinnest adapter that is still one: a POST over `HttpClient`, whose answer is in the shared shape already."""

from typing import Any, ClassVar

from pydantic import BaseModel

from adapters.base import AdapterSettings, Query, Record
from adapters.http import HttpClient


class DirectSettings(AdapterSettings):
    """Where the source is."""

    base_url: str


class DirectAdapter:
    """One POST a fetch."""

    Settings: ClassVar[type[BaseModel]] = DirectSettings

    def __init__(self, settings: DirectSettings) -> None:
        self._client = HttpClient(settings.base_url)

    async def fetch(self, query: Query) -> Record | None:
        nino = query.identifiers["nino"]
        response = await self._client.post(
            "/licences/search",
            json={"nino": nino},
            headers={"x-exchange-id": query.exchange_id, "x-subject": nino},
            deadline=query.deadline,
            idempotent=True,
        )
        data = response.raise_for_source().json()
        return Record(data, identifiers={"nino": data["holder"]["nino"]})

    async def aclose(self) -> None:
        await self._client.aclose()


def rest_settings(base_url: str) -> dict[str, Any]:
    """The same source for the REST adapter, with a mapping as an integrator writes it."""
    dated = {"validFrom": {"from": "validFrom", "as": "date"}, "validUntil": {"from": "validUntil", "as": "date"}}
    holder = ("familyName", "givenNames", "dateOfBirth", "nino")
    address = ("addressLine1", "town", "postcode", "uprn", "country")
    return {
        "baseUrl": base_url,
        "request": {"path": "/licences/search", "json": {"nino": "{nino}"}, "headers": {"x-subject": "{nino}"}},
        "mapping": {
            "fields": {
                "licenceNumber": {"from": "licenceNumber", "as": "driving-licence-number"},
                "kind": "kind",
                "status": "status",
                **dated,
                "categories": {"each": "categories", "fields": {"code": {"from": "code", "as": "trim"}, **dated}},
                **{f"holder.{name}": f"holder.{name}" for name in holder},
                **{f"address.{name}": f"address.{name}" for name in address},
            },
            "identifiers": {"nino": "holder.nino"},
        },
    }

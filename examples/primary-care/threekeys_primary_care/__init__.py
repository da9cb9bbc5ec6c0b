"""A Threekeys adapter for a small primary care system that speaks JSON lines over TCP.

One file, as an integrator writes it in an afternoon; `README.md` beside the package walks through it.
"""

import asyncio
import json
import re
from typing import Any

from pydantic import Field

from adapters.base import AdapterSettings, Offer, Query, Record, Secret, secret
from adapters.errors import Misconfigured, Permanent, Retriable

STATUS = {"R": "registered", "L": "left", "D": "deceased"}
BY = frozenset({"nhs-number"})
PERSON = frozenset({"person.nhsNumber", "person.familyName", "person.givenNames", "person.dateOfBirth"})
GIVEN = PERSON | {"practice", "registeredFrom", "status"}
LONGEST = 64 * 1024  # bytes of an answer; a patient has some hundred


class PrimaryCareSettings(AdapterSettings):
    """Where the system listens, and the key that it wants."""

    host: str = "127.0.0.1"
    port: int = Field(ge=1, le=65535)
    key: Secret
    timeout: float = Field(default=5.0, gt=0)  # seconds; a query's own deadline may be shorter


class PrimaryCareAdapter:
    """Fetches `gp-registration/v1` by NHS number."""

    Settings = PrimaryCareSettings

    def __init__(self, settings: PrimaryCareSettings) -> None:
        self.settings = settings
        self._key = secret(settings.key)

    @classmethod
    def offer(cls, settings: PrimaryCareSettings) -> Offer:
        """Patients by NHS number, whatever the settings."""
        return Offer(identifiers=BY, carried=BY, fields=GIVEN)

    async def fetch(self, query: Query) -> Record | None:
        """The patient's registration, or None where the system has no such patient."""
        number = query.identifiers.get("nhs-number")
        if number is None:
            raise Misconfigured("primary care finds patients by nhs-number; offer that identifier with the dataset")
        answer = await self._ask(
            {"op": "patient", "nhsNumber": number, "exchangeId": query.exchange_id, "key": self._key},
            min(query.deadline, self.settings.timeout),
        )
        if answer.get("found") is False:
            return None
        patient = answer.get("patient")
        if not isinstance(patient, dict):
            raise Permanent("primary care answered without a patient")
        return _record(patient)

    async def probe(self) -> None:
        """Whether the system answers at all."""
        answer = await self._ask({"op": "ping"}, self.settings.timeout)
        if answer.get("pong") is not True:
            raise Permanent("primary care answered a ping with something else")

    async def aclose(self) -> None:
        """Nothing is kept open: each question has a connection of its own."""

    async def _ask(self, question: dict[str, Any], seconds: float) -> dict[str, Any]:
        """One line out, one line in. What goes wrong is told by what the gateway should do about it."""
        try:
            async with asyncio.timeout(seconds):
                line = await self._exchange_lines(json.dumps(question).encode() + b"\n")
        except TimeoutError:
            raise Retriable(f"primary care did not answer within {seconds:.3g} s") from None
        except OSError as error:
            raise Retriable(f"primary care cannot be reached: {error.strerror or type(error).__name__}") from None
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Permanent("primary care answered something that is not a JSON object")
        match answer.get("error"):
            case None:
                return answer
            case "busy":
                raise Retriable("primary care is busy", retry_after=1.0)
            case "denied":
                raise Misconfigured("primary care refuses our key; check the setting `key`")
            case _:
                raise Permanent("primary care does not understand the question")

    async def _exchange_lines(self, question: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(self.settings.host, self.settings.port, limit=LONGEST)
        try:
            writer.write(question)
            line = await reader.readline()
        except ValueError:
            raise Permanent(f"primary care answered with a line of more than {LONGEST} bytes") from None
        finally:
            writer.close()
        if not line.endswith(b"\n"):
            raise Retriable("primary care hung up in the midst of its answer")
        return line


def _record(patient: dict[str, Any]) -> Record:
    """The patient in the shape of `gp-registration/v1`. A member that is not as agreed is named, its value never."""
    try:
        if patient["restricted"] not in ("Y", "N"):
            raise Permanent("primary care: restricted is neither Y nor N")
        data = {
            "person": {
                "nhsNumber": patient["nhs_no"],
                "familyName": patient["surname"],
                "givenNames": patient["forenames"],
                "dateOfBirth": _date(patient, "dob"),
            },
            "practice": {"code": patient["reg_gp"]["code"], "name": patient["reg_gp"]["name"]},
            "registeredFrom": _date(patient, "registered_on"),
            "status": STATUS[patient["status"]],
        }
    except (KeyError, TypeError):
        raise Permanent("primary care answered with a patient that lacks a member, or has another status") from None
    return Record(
        data=data,
        restricted=patient["restricted"] == "Y",
        identifiers={"nhs-number": patient["nhs_no"]},
    )


def _date(patient: dict[str, Any], member: str) -> str | None:
    """YYYYMMDD, or as much of it as is known, as ISO 8601; null stays null."""
    value = patient[member]
    if value is None or value == "":
        return None
    found = re.fullmatch(r"(\d{4})(\d{2})?(\d{2})?", str(value), re.ASCII)
    if found is None:
        raise Permanent(f"primary care: {member} is not YYYYMMDD, YYYYMM or YYYY")
    return "-".join(part for part in found.groups() if part)


__all__ = ["PrimaryCareAdapter", "PrimaryCareSettings"]

"""The ledger's routes: checkpoint, tiles and entry bundles (C2SP tlog-tiles), proofs, openings."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from fastapi.responses import PlainTextResponse

from gateway.auth.caller import Caller, ClientCaller
from gateway.auth.dependencies import anyone_with
from gateway.db.store import Store
from gateway.errors import InvalidRequest
from gateway.ledger.errors import EntryPending, LedgerNotFound
from gateway.ledger.proofs import ConsistencyProof, InclusionProof
from gateway.ledger.service import Ledger
from gateway.oversight.own import own_opening
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.subjects.pseudonym import pseudonyms
from gateway.web.declared import Responses, answer, problems, served
from gateway.web.query import IN_DIGITS
from schemas.base import WireModel, shown
from schemas.examples import ledger as examples

_IMMUTABLE = {"Cache-Control": "public, max-age=31536000, immutable"}
_BINARY = {"type": "string", "format": "binary"}
_NOTE = {"type": "string", "examples": [examples.INCLUDED["checkpoint"]]}
_OF_LEDGER = problems(LedgerNotFound)


def _bytes(description: str) -> Responses:
    return served(description, "application/octet-stream", _BINARY) | _OF_LEDGER


class OpeningBody(WireModel):
    """What a commitment commits to: SHA-256(salt ‖ RFC 8785 event)."""

    model_config = shown(examples.OPENING)

    entry_id: str
    salt: str
    event: dict[str, Any]


def router(ledger: Ledger, store: Store, keys: PseudonymKeys) -> APIRouter:
    """Routes of the ledger."""
    routes = APIRouter(prefix="/v1/ledger", tags=["ledger"])

    @routes.get(
        "/checkpoint",
        response_class=PlainTextResponse,
        responses=served("The note", "text/plain", _NOTE) | _OF_LEDGER,
        summary="The latest signed checkpoint",
    )
    async def checkpoint() -> PlainTextResponse:
        """A C2SP signed note, Ed25519: origin, size, root."""
        return PlainTextResponse(await ledger.checkpoint(), headers={"Cache-Control": "no-cache"})

    @routes.get(
        "/tile/{path:path}",
        response_class=Response,
        responses=_bytes("Up to 256 hashes of 32 bytes"),
        summary="A tile of the tree",
    )
    async def tile(path: Annotated[str, Path(description="Such as `0/000` or `0/001.p/44`")]) -> Response:
        """`{level}/{index}`, of 256 hashes; a partial one ends in `.p/{width}`."""
        data = await ledger.tile(f"tile/{path}")
        return Response(data, media_type="application/octet-stream", headers=_IMMUTABLE)

    @routes.get(
        "/entries/{path:path}",
        response_class=Response,
        responses=_bytes("Up to 256 commitments"),
        summary="A bundle of entries",
    )
    async def entries(path: Annotated[str, Path(description="Such as `000` or `001.p/44`")]) -> Response:
        """256 commitments, each with its length in two bytes before it."""
        data = await ledger.tile(f"tile/entries/{path}")
        return Response(data, media_type="application/octet-stream", headers=_IMMUTABLE)

    @routes.get(
        "/proofs/inclusion",
        responses=answer(200, "The proof") | problems(LedgerNotFound, EntryPending),
        summary="That an entry is in the log",
    )
    async def inclusion(
        commitment: Annotated[
            str | None, Query(pattern="^[0-9a-f]{64}$", description="`ledger.commitment` of an answer")
        ] = None,
        entry: Annotated[
            str | None, Query(max_length=64, description="The entry's id, instead of its commitment")
        ] = None,
    ) -> InclusionProof:
        """By `commitment` or by `entry` id; to the latest checkpoint, which comes along."""
        if entry is not None:
            return await ledger.inclusion_of_entry(entry)
        if commitment is None:
            raise InvalidRequest("give `commitment` or `entry`: which entry is asked for")
        return await ledger.inclusion_of_commitment(commitment)

    @routes.get(
        "/proofs/consistency",
        responses=answer(200, "The proof") | _OF_LEDGER,
        summary="That the log only grew",
    )
    async def consistency(
        old: Annotated[int, Query(alias="from", ge=0, description="The size of a tree that you know"), IN_DIGITS],
        new: Annotated[int, Query(alias="to", ge=0, description="The size of a later one"), IN_DIGITS],
    ) -> ConsistencyProof:
        """That the tree of the size `from` is the beginning of that of the size `to` (RFC 9162, section 2.1.4)."""
        return await ledger.consistency(old, new)

    @routes.get(
        "/openings/{entry_id}",
        responses=answer(200, "The opening") | _OF_LEDGER,
        summary="What an entry commits to, to its parties and its person",
    )
    async def opening(
        entry_id: Annotated[str, Path(description="`entryId`, as `GET /v1/exchanges/{exchangeId}` tells it")],
        caller: Annotated[Caller, anyone_with("ledger:read")],
    ) -> OpeningBody:
        """Salt and event; gone once the person behind it was forgotten."""
        if isinstance(caller, ClientCaller):
            found = await ledger.opening(entry_id, caller.agency_id)
        else:
            found = await store.read(own_opening, entry_id, pseudonyms(keys, dict(caller.identifiers)))
        return OpeningBody(entry_id=found.entry_id, salt=found.salt.hex(), event=json.loads(found.event))

    return routes

"""Benefits: an HTTP API of an agency, with its own tokens, its own names and its own pages. Imports nothing of ours.

    python benefits.py --seed people.json --port 0

    POST /token           client_credentials by HTTP Basic -> {"access_token", "token_type", "expires_in"}
    POST /claims/search   Bearer; {"natInsNo": "…", "page": 1} -> {"page": 1, "pages": 2, "hits": 3, "customer": {…},
                          "claims": [{"clmRef", "bnftTyp", "sts", "strtDt", "endDt", "wklyAmtP", "cmpnts"}]}
    GET  /ping            {"up": true}

The client's id and secret come from BENEFITS_CLIENT_ID and BENEFITS_CLIENT_SECRET. Amounts are pence, dates are
`01-APR-2024`, an unknown person is no customer (null). Each read is told on stdout, one JSON line with the
X-Exchange-Id that the caller sent, and nothing of the person.
"""

import argparse
import base64
import binascii
import hmac
import json
import os
import secrets
import signal
import socket
import sys
import threading
import time
from datetime import date
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

PAGE = 2
TOKEN_SECONDS = 300
BENEFITS = {
    "attendance-allowance": "AA",
    "carers-allowance": "CA",
    "employment-and-support-allowance": "ESA",
    "pension-credit": "PC",
    "personal-independence-payment": "PIP",
    "state-pension": "SP",
    "universal-credit": "UC",
}
STATUS = {"in-payment": "PAY", "suspended": "SUS", "ended": "CLS", "under-review": "REV"}
RATES = {"basic": 1, "standard": 2, "enhanced": 3}


def oracle_date(day: str | None) -> str | None:
    """`01-APR-2024`; what is only known in part stays as it is."""
    if day is None or len(day) < 10:
        return day
    return date.fromisoformat(day).strftime("%d-%b-%Y").upper()


def customer_of(person: dict[str, Any]) -> dict[str, Any]:
    """A customer as this system keeps one: names and addresses with their history."""
    home, married = person["home"], person["married_on"]
    names = [
        {"srNm": person["family_name"], "frNms": person["given_names"], "from": oracle_date(married), "to": None}
    ]
    if person["birth_family_name"]:
        birth = {"srNm": person["birth_family_name"], "frNms": person["given_names"], "from": None}
        names.insert(0, {**birth, "to": oracle_date(married)})
    return {
        "natInsNo": f"{person['nino'][:2]} {person['nino'][2:8]} {person['nino'][8:]}",
        "srNm": person["family_name"],
        "frNms": person["given_names"],
        "dob": oracle_date(person["date_of_birth"]),
        "dod": oracle_date(person["date_of_death"]),
        "scr": "restricted" in person["traits"],
        "nmHist": names,
        "addrHist": [
            {
                "ln1": home["line1"],
                "twn": home["town"],
                "pstCd": home["postcode"].lower(),
                "uprn": int(home["uprn"]),
                "from": oracle_date(home["since"]),
                "to": None,
            }
        ],
    }


def claim_of(award: dict[str, Any]) -> dict[str, Any]:
    """A claim."""
    return {
        "clmRef": award["reference"],
        "bnftTyp": BENEFITS[award["benefit"]],
        "sts": STATUS[award["status"]],
        "strtDt": oracle_date(award["start_date"]),
        "endDt": oracle_date(award["end_date"]),
        "wklyAmtP": award["weekly_pence"],
        "cmpnts": [{"cd": code, "rt": RATES[rate]} for code, rate in award["components"]],
    }


class Benefits:
    """The system: customers by NINO, and the tokens that it gave out."""

    def __init__(self, people: list[dict[str, Any]], client: str, secret: str) -> None:
        self.customers = {
            person["nino"]: (customer_of(person), [claim_of(award) for award in person["awards"]])
            for person in people
            if person["nino"] and person["awards"]
        }
        self.credentials = f"{client}:{secret}".encode()
        self.tokens: dict[str, float] = {}

    async def token(self, request: Request) -> Response:
        """RFC 6749, section 4.4, with the client's secret by HTTP Basic."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        try:
            credentials = base64.b64decode(given, validate=True) if scheme.lower() == "basic" else b""
        except binascii.Error:
            credentials = b""
        if not hmac.compare_digest(credentials, self.credentials):
            return JSONResponse({"error": "invalid_client"}, 401, {"WWW-Authenticate": 'Basic realm="benefits"'})
        if b"grant_type=client_credentials" not in (await request.body()).split(b"&"):
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        now = time.monotonic()
        self.tokens = {token: end for token, end in self.tokens.items() if end > now}
        token = secrets.token_urlsafe(24)
        self.tokens[token] = now + TOKEN_SECONDS
        return JSONResponse(
            {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS},
            headers={"Cache-Control": "no-store"},
        )

    async def search(self, request: Request) -> Response:
        """One page of a person's claims."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or self.tokens.get(token, 0) <= time.monotonic():
            return JSONResponse({"errCd": "E401"}, 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'})
        try:
            body = await request.json()
            number, page = str(body["natInsNo"]), int(body.get("page", 1))
        except (ValueError, KeyError, TypeError, AttributeError):
            return JSONResponse({"errCd": "E400", "errTxt": "natInsNo and page are expected"}, 400)
        customer, claims = self.customers.get("".join(number.split()).upper(), (None, []))
        pages = max(1, -(-len(claims) // PAGE))
        if not 1 <= page <= pages:
            return JSONResponse({"errCd": "E404", "errTxt": "there is no such page"}, 404)
        tell(request.headers.get("x-exchange-id"), customer is not None, page)
        shown = claims[(page - 1) * PAGE : page * PAGE]
        return JSONResponse(
            {"page": page, "pages": pages, "hits": len(claims), "customer": customer, "claims": shown}
        )

    async def ping(self, request: Request) -> Response:
        """Whether the system is up."""
        return JSONResponse({"up": True})


def tell(exchange_id: str | None, found: bool, page: int) -> None:
    """The read log: who asks can be traced, whom they asked about cannot be read from it."""
    line = {"event": "read", "exchangeId": (exchange_id or "")[:64] or None, "found": found, "page": page}
    print(json.dumps({**line, "at": round(time.time(), 3)}), flush=True)


def stop_with_stdin() -> None:
    """End this process once whoever started it is gone."""

    def wait() -> None:
        sys.stdin.buffer.read()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


class Server(uvicorn.Server):
    """Says `ready` once it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and sockets:
            host, port = sockets[0].getsockname()[:2]
            print(f"ready http://{host}:{port}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Benefits: an HTTP API on loopback.")
    parser.add_argument("--seed", type=Path, required=True, help="the people, a JSON file")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--stop-with-stdin", action="store_true", help="end when stdin closes")
    arguments = parser.parse_args()
    try:
        client, secret = os.environ["BENEFITS_CLIENT_ID"], os.environ["BENEFITS_CLIENT_SECRET"]
    except KeyError as missing:
        sys.exit(f"benefits: the environment variable {missing.args[0]} is not set")
    system = Benefits(json.loads(arguments.seed.read_text(encoding="utf-8"))["people"], client, secret)
    routes = [
        Route("/token", system.token, methods=["POST"]),
        Route("/claims/search", system.search, methods=["POST"]),
        Route("/ping", system.ping),
    ]
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", arguments.port))
    if arguments.stop_with_stdin:
        stop_with_stdin()
    config = uvicorn.Config(Starlette(routes=routes), log_level="warning", access_log=False, lifespan="off")
    Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()

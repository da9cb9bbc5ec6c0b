"""Primary care: a small system with a protocol of its own, JSON lines over TCP on loopback. Imports nothing of ours.

    python primary_care.py --seed people.json --port 0

    {"op": "patient", "nhsNumber": "…", "exchangeId": "…", "key": "…"}
      -> {"found": true, "patient": {"nhs_no", "surname", "forenames", "dob", "reg_gp": {"code", "name"},
                                     "registered_on", "status": "R|L|D", "restricted": "Y|N"}}
       | {"found": false} | {"error": "busy|denied|bad"}
    {"op": "ping"} -> {"pong": true}

Dates are YYYYMMDD, a birth date may be YYYYMM or YYYY. The key comes from PRIMARY_CARE_KEY. A connection may carry
any number of requests, one after another. Each read is told on stdout with its exchange id, and nothing of the
person.
"""

import argparse
import asyncio
import hmac
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

LONGEST = 4_096  # bytes of a request
AT_ONCE = 64
STATUS = {"registered": "R", "left": "L", "deceased": "D"}


class PrimaryCare:
    """The system: patients by NHS number."""

    def __init__(self, people: list[dict[str, Any]], key: str) -> None:
        self.key = key.encode()
        self.patients = {person["nhs_number"]: patient_of(person) for person in people if person["registration"]}
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection: a line in, a line out."""
        self.open += 1
        try:
            while True:
                try:
                    line = await reader.readuntil(b"\n")
                except asyncio.LimitOverrunError:
                    await say(writer, {"error": "bad"})
                    return
                await say(writer, {"error": "busy"} if self.open > AT_ONCE else self.answer(line))
        except (asyncio.IncompleteReadError, ConnectionError):
            return  # the caller hung up
        finally:
            self.open -= 1
            writer.close()

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one request."""
        try:
            request = json.loads(line)
            operation = request["op"]
        except (ValueError, KeyError, TypeError):
            return {"error": "bad"}
        if operation == "ping":
            return {"pong": True}
        number = request.get("nhsNumber")
        if operation != "patient" or not isinstance(number, str):
            return {"error": "bad"}
        if not hmac.compare_digest(str(request.get("key", "")).encode(), self.key):
            return {"error": "denied"}
        patient = self.patients.get(number)
        tell(request.get("exchangeId"), patient is not None)
        return {"found": False} if patient is None else {"found": True, "patient": patient}


def patient_of(person: dict[str, Any]) -> dict[str, Any]:
    """A patient as this system keeps one."""
    registration = person["registration"]
    return {
        "nhs_no": person["nhs_number"],
        "surname": person["family_name"],
        "forenames": person["given_names"],
        "dob": person["date_of_birth"].replace("-", ""),
        "reg_gp": {"code": registration["practice_code"], "name": registration["practice_name"]},
        "registered_on": registration["registered_from"].replace("-", ""),
        "status": STATUS[registration["status"]],
        "restricted": "Y" if "restricted" in person["traits"] else "N",
    }


async def say(writer: asyncio.StreamWriter, answer: dict[str, Any]) -> None:
    writer.write(json.dumps(answer, ensure_ascii=False).encode() + b"\n")
    await writer.drain()


def tell(exchange_id: object, found: bool) -> None:
    """The read log."""
    traced = exchange_id[:64] if isinstance(exchange_id, str) else None
    line = {"event": "read", "exchangeId": traced, "found": found, "at": round(time.time(), 3)}
    print(json.dumps(line), flush=True)


async def run(system: PrimaryCare, port: int, watch_stdin: bool) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if watch_stdin:

        def wait() -> None:
            sys.stdin.buffer.read()
            loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=wait, daemon=True).start()
    server = await asyncio.start_server(system.serve, "127.0.0.1", port, limit=LONGEST)
    host, port = server.sockets[0].getsockname()[:2]
    print(f"ready {host}:{port}", flush=True)
    await ended.wait()
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description="Primary care: JSON lines over TCP on loopback.")
    parser.add_argument("--seed", type=Path, required=True, help="the people, a JSON file")
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--stop-with-stdin", action="store_true", help="end when stdin closes")
    arguments = parser.parse_args()
    key = os.environ.get("PRIMARY_CARE_KEY")
    if not key:
        sys.exit("primary care: the environment variable PRIMARY_CARE_KEY is not set")
    people = json.loads(arguments.seed.read_text(encoding="utf-8"))["people"]
    asyncio.run(run(PrimaryCare(people, key), arguments.port, arguments.stop_with_stdin))


if __name__ == "__main__":
    main()

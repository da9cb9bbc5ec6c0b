"""A gateway in a process of its own, over a database with many consents, and what drives it."""

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

import httpx

from gateway.clock import SystemClock
from gateway.connector.keys import ClientKey
from gateway.connector.proofs import ProofMaker
from gateway.connector.token import PATH as TOKEN_PATH
from gateway.connector.token import Token
from gateway.exchange.asgi import PATH
from gateway.settings import Settings
from gateway.signing.pseudonyms import PseudonymKeys
from tests.bench.adapter import rest_settings
from tests.bench.consents import fill, nino
from tests.bench.wrk import Round, wrk
from tests.world import CONSUMER, DATASET, World

FIELDS = ["status", "validUntil", "categories", "holder.familyName"]
CLIENT = f"{CONSUMER}.casework"


class Stage:
    """See the module. `unsafe` switches proofs and receipts off; `adapter` is `direct` or `rest`."""

    def __init__(
        self,
        name: str,
        database: str,
        upstream: int,
        *,
        consents: int,
        unsafe: bool = False,
        adapter: str = "direct",
        more: tuple[str, ...] = (),
    ) -> None:
        self.name = name
        self.database = database
        self.consents = consents
        self.exchanges = 0
        self.rate = 4000.0
        self._unsafe = unsafe
        self._adapter = adapter
        self._more = more
        self.is_floor = "--floor" in more
        self._upstream = f"http://127.0.0.1:{upstream}"
        self._stack = ExitStack()
        self._clock = SystemClock()

    def __enter__(self) -> Self:
        try:
            self._prepare()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _prepare(self) -> None:
        self._world = world = self._stack.enter_context(World(self.database))
        self.folder, self.base_url, self.port = world.folder, world.base_url, world.settings.port
        model = world.consent("ann", fields=FIELDS)
        world.stop()
        fill(self.database, PseudonymKeys(world.settings.keys).ensure(), model, self.consents)
        self.maker = ProofMaker(CLIENT, world.keys[CLIENT], self.base_url, self._clock)
        self._start()
        self._check()

    @property
    def pid(self) -> int:
        """Of the gateway's process."""
        return self._process.pid

    @property
    def settings(self) -> Settings:
        """The gateway's settings."""
        return self._world.settings

    def key(self, client_id: str) -> ClientKey:
        """The signing key of a client."""
        return self._world.keys[client_id]

    @property
    def threads_file(self) -> Path:
        """Where the gateway writes its threads' names."""
        return self.folder / "threads.json"

    def round(self, connections: int, seconds: float, *, whole: bool = True) -> Round:
        """One round of exchanges, with a fresh token and proofs signed just before."""
        head, token = self._head()
        proofs = self.folder / "proofs"
        wanted = 10 if self._unsafe or self.is_floor else int(self.rate * seconds * 2) + 2000
        with proofs.open("w") as file:
            for _ in range(wanted):
                file.write(self.maker.proof("POST", PATH, token) + "\n")
        seen = wrk(self.port, head, proofs, self.consents, connections, seconds, whole=whole)
        self.exchanges += seen.requests
        if connections > 1:
            self.rate = max(seen.rate, 500.0)
        return seen

    def proxied(self, port: int, connections: int, seconds: float) -> Round:
        """The same POST through nginx, which looks at nothing in it."""
        head, token = self._head()
        proofs = self.folder / "proofs"
        proofs.write_text("".join(self.maker.proof("POST", PATH, token) + "\n" for _ in range(2000)))
        return wrk(port, head, proofs, self.consents, connections, seconds)

    def one(self) -> dict[str, Any]:
        """One exchange from here; its answer. An AssertionError where it is no release."""
        token = self._token()
        headers = {"authorization": f"DPoP {token}", "dpop": self.maker.proof("POST", PATH, token)}
        answer = httpx.post(
            self.base_url + PATH, json=json.loads(body(nino(self.consents - 1))), headers=headers, trust_env=False
        )
        assert answer.status_code == 201, answer.text
        self.exchanges += 1
        return dict(answer.json())

    def _start(self) -> None:
        settings = self._world.settings.model_dump(mode="json", by_alias=True)
        command = [sys.executable, "-m", "tests.bench.serve"]
        if self._adapter == "rest":
            settings["adapters"] = {"scripted": {"kind": "rest", "settings": rest_settings(self._upstream)}}
        file = self.folder / "settings.json"
        file.write_text(json.dumps(settings))
        command += [str(file), str(self.threads_file)]
        if self._adapter == "direct":
            command += ["--direct", self._upstream]
        if self._unsafe:
            command += ["--unsafe"]
        command += self._more
        log = self._stack.enter_context((self.folder / "gateway.log").open("wb"))
        root = Path(__file__).parents[2]
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}
        )
        self._stack.callback(self._stop)
        assert self._process.stdout is not None
        if self._process.stdout.readline().strip() != b"ready":
            raise RuntimeError(f"the gateway did not start: {(self.folder / 'gateway.log').read_text()[-2000:]}")

    def _stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)

    def _check(self) -> None:
        if self.is_floor:
            return
        answer = self.one()
        assert answer["outcome"] == "released", answer
        assert set(answer["record"]) == {"status", "validUntil", "categories", "holder"}, answer
        assert bool(answer["receipt"]) is not self._unsafe
        if not self._unsafe:
            self._check_replay()

    def _check_replay(self) -> None:
        token = self._token()
        headers = {"authorization": f"DPoP {token}", "dpop": self.maker.proof("POST", PATH, token)}
        answers = [
            httpx.post(self.base_url + PATH, content=body(nino(0)), headers=headers | _JSON, trust_env=False)
            for _ in range(2)
        ]
        assert [answer.status_code for answer in answers] == [201, 401], [answer.text for answer in answers]
        self.exchanges += 1

    def _token(self) -> str:
        token = Token(self._clock)
        headers = {"dpop": self.maker.proof("POST", TOKEN_PATH)}
        answer = httpx.post(self.base_url + TOKEN_PATH, data=token.form(self.maker), headers=headers, trust_env=False)
        return token.take(answer.status_code, answer.json())

    def _head(self) -> tuple[Path, str]:
        token = self._token()
        text = body("%NINO%")
        length = len(body(nino(0)))
        head = self.folder / "head"
        head.write_text(
            f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\nAuthorization: DPoP {token}\r\nDPoP: %PROOF%\r\n\r\n{text}",
            newline="",
        )
        return head, token


_JSON = {"content-type": "application/json"}


def body(identifier: str) -> str:
    """The body of an exchange."""
    asked = {
        "dataset": DATASET,
        "purpose": "with-consent",
        "subject": {"identifiers": [{"scheme": "nino", "value": identifier}]},
        "fields": FIELDS,
        "caseReference": "case-4711",
    }
    return json.dumps(asked, separators=(",", ":"))

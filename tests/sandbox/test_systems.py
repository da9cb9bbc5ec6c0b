"""The agencies' systems, each in a real process: what they hold, how they refuse, and that they end."""

import ast
import csv
import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from gateway.sandbox.people import Person
from tests.sandbox.conftest import BENEFITS, PRIMARY_CARE, fill_licensing
from tests.sandbox.running import SYSTEMS, Running, started

FILES = sorted(SYSTEMS.glob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_system_imports_nothing_of_ours(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "gateway"]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported <= {*sys.stdlib_module_names, "psycopg", "uvicorn", "starlette"}


def test_licensing_keeps_its_register_in_legacy_names(licensing: str, everyone: dict[str, Person]) -> None:
    amara = everyone["amara"]
    assert amara.licence is not None
    with psycopg.connect(licensing) as connection:
        row = connection.execute(
            "SELECT sname, brth_dt, stat_cd, prop_ref FROM drivers.drv_licence WHERE ni_no = %s", [amara.nino]
        ).fetchone()
        assert row is not None
        assert row[0] == amara.family_name
        assert row[1] == amara.date_of_birth.replace("-", "")
        assert row[2] == "1"
        assert row[3] == "00" + amara.home.uprn
        counted = connection.execute("SELECT count(*) FROM drivers.drv_licence").fetchone()
        assert counted == (sum(person.licence is not None for person in everyone.values()),)


def test_the_register_s_reader_may_only_read(licensing: str) -> None:
    with psycopg.connect(licensing, autocommit=True) as connection:
        connection.execute("SET default_transaction_read_only = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DELETE FROM drivers.drv_licence")


def test_licensing_can_be_filled_again(postgres_url: str, seed: Path) -> None:
    assert fill_licensing(seed, postgres_url).startswith("ready ")
    assert fill_licensing(seed, postgres_url).startswith("ready ")


def token(client: httpx.Client) -> str:
    answer = client.post(
        "/token",
        data={"grant_type": "client_credentials"},
        auth=(BENEFITS["BENEFITS_CLIENT_ID"], BENEFITS["BENEFITS_CLIENT_SECRET"]),
    )
    assert answer.status_code == 200
    return str(answer.json()["access_token"])


def test_benefits_pages_claims_and_logs_the_exchange_without_the_person(
    benefits: Running, everyone: dict[str, Person]
) -> None:
    person = everyone["olu"]
    with httpx.Client(base_url=benefits.ready) as client:
        headers = {"Authorization": f"Bearer {token(client)}", "X-Exchange-Id": "exchange-17"}
        answer = client.post("/claims/search", json={"natInsNo": person.nino, "page": 1}, headers=headers)
    found = answer.json()
    assert (found["page"], found["pages"], found["hits"]) == (1, 1, 2)
    assert [claim["bnftTyp"] for claim in found["claims"]] == ["SP", "AA"]
    assert found["customer"]["srNm"] == person.family_name
    line = ""
    while "exchange-17" not in line:
        line = benefits.lines.get(timeout=5)
    assert json.loads(line)["found"] is True
    assert all(value not in line for value in (*person.identifiers.values(), person.family_name))


@pytest.mark.parametrize("authorization", [None, "Bearer wrong", "Bearer", "Basic eDp5"])
def test_benefits_answers_401_without_a_token(benefits: Running, authorization: str | None) -> None:
    headers = {"Authorization": authorization} if authorization else {}
    answer = httpx.post(f"{benefits.ready}/claims/search", json={"natInsNo": "ZZ1", "page": 1}, headers=headers)
    assert answer.status_code == 401
    assert answer.json() == {"errCd": "E401"}


def test_benefits_gives_no_token_for_a_wrong_secret(benefits: Running) -> None:
    answer = httpx.post(f"{benefits.ready}/token", data={"grant_type": "client_credentials"}, auth=("threekeys", "x"))
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b"{}", b'{"natInsNo":"ZZ1","page":"x"}', b'{"natInsNo":"ZZ1","page":9}']
)
def test_benefits_refuses_what_it_cannot_read(benefits: Running, body: bytes) -> None:
    with httpx.Client(base_url=benefits.ready) as client:
        headers = {"Authorization": f"Bearer {token(client)}"}
        assert client.post("/claims/search", content=body, headers=headers).status_code in (400, 404)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="iso-8859-1", newline="") as file:
        return list(csv.DictReader(file, delimiter=";"))


def test_the_council_drops_both_files_whole(council: Path, everyone: dict[str, Person]) -> None:
    assert (council / "council_tax.csv.done").exists()
    assert (council / "housing.csv.done").exists()
    assert not list(council.glob(".*"))
    accounts = {row["NINO"]: row for row in rows(council / "council_tax.csv")}
    joao = everyone["joao"]
    assert joao.nino is not None
    assert joao.council_tax is not None
    row = accounts[joao.nino]
    assert (row["SURNAME"], row["FORENAMES"]) == (joao.family_name, joao.given_names)
    assert row["CHARGE_P"] == str(joao.council_tax.annual_pence)
    assert row["DOB"] == "/".join(reversed(joao.date_of_birth.split("-")))
    assert len(rows(council / "housing.csv")) == sum(one.tenancy is not None for one in everyone.values())


def test_the_council_writes_again_on_sighup(seed: Path, tmp_path: Path) -> None:
    with started("council", "--seed", seed, "--directory", tmp_path) as running:
        first = (tmp_path / "housing.csv").stat().st_ino
        running.process.send_signal(signal.SIGHUP)
        assert running.lines.get(timeout=5).startswith("ready")
        assert (tmp_path / "housing.csv").stat().st_ino != first


def test_the_council_writes_again_by_itself(seed: Path, tmp_path: Path) -> None:
    with started("council", "--seed", seed, "--directory", tmp_path, "--interval", "0.05") as running:
        assert running.lines.get(timeout=5).startswith("ready")
        assert running.lines.get(timeout=5).startswith("ready")


def ask(running: Running, *requests: Any) -> list[Any]:
    """Ask on one connection, in order."""
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as connection:
        file = connection.makefile("rwb")
        answers = []
        for request in requests:
            file.write(request if isinstance(request, bytes) else json.dumps(request).encode() + b"\n")
            file.flush()
            answers.append(json.loads(file.readline()))
        return answers


def test_primary_care_answers_about_patients(primary_care: Running, everyone: dict[str, Person]) -> None:
    key = PRIMARY_CARE["PRIMARY_CARE_KEY"]
    idris, hana = everyone["idris"], everyone["hana"]
    question = {"op": "patient", "key": key, "exchangeId": "exchange-18"}
    pong, partial, restricted, missing, denied, bad = ask(
        primary_care,
        {"op": "ping"},
        {**question, "nhsNumber": idris.nhs_number},
        {**question, "nhsNumber": hana.nhs_number},
        {**question, "nhsNumber": "9999999999"},
        {**question, "nhsNumber": idris.nhs_number, "key": "wrong"},
        b"nonsense\n",
    )
    assert pong == {"pong": True}
    assert partial["patient"]["dob"] == idris.date_of_birth
    assert (partial["patient"]["status"], partial["patient"]["restricted"]) == ("R", "N")
    assert restricted["patient"]["restricted"] == "Y"
    assert missing == {"found": False}
    assert denied == {"error": "denied"}
    assert bad == {"error": "bad"}
    line = primary_care.lines.get(timeout=5)
    assert json.loads(line)["exchangeId"] == "exchange-18"
    assert idris.nhs_number not in line


@pytest.mark.parametrize("request_", [b"[]\n", b"1\n", b'{"op":"patient"}\n', b'{"op":"x"}\n', b"x" * 5000 + b"\n"])
def test_primary_care_calls_nonsense_bad(primary_care: Running, request_: bytes) -> None:
    assert ask(primary_care, request_) == [{"error": "bad"}]


SERVERS: list[tuple[str, list[str], dict[str, str]]] = [
    ("benefits", ["--port", "0"], BENEFITS),
    ("primary_care", ["--port", "0"], PRIMARY_CARE),
    ("council", ["--directory", "drop"], {}),
]


@pytest.mark.parametrize(("system", "arguments", "environment"), SERVERS, ids=lambda value: str(value)[:12])
@pytest.mark.parametrize("how", ["stdin", "sigterm"])
def test_a_system_outlives_nobody(
    system: str, arguments: list[str], environment: dict[str, str], how: str, seed: Path, tmp_path: Path
) -> None:
    given = [str(tmp_path / item) if item == "drop" else item for item in arguments]
    with started(system, "--seed", seed, *given, environment=environment, by_stdin=how == "stdin") as running:
        begun = time.monotonic()
        if how == "stdin":
            assert running.process.stdin is not None
            running.process.stdin.close()
        else:
            running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(5) in (0, -signal.SIGTERM)
        assert time.monotonic() - begun < 5


def test_a_system_without_its_secret_says_which_is_missing(seed: Path) -> None:
    command = [sys.executable, "-I", str(SYSTEMS / "benefits.py"), "--seed", str(seed)]
    ended = subprocess.run(command, capture_output=True, text=True, env={"BENEFITS_CLIENT_ID": "x"}, timeout=20)
    assert ended.returncode != 0
    assert "BENEFITS_CLIENT_SECRET" in ended.stderr

"""`threekeys agreement`: two data offices draft, read, accept, stop and end an agreement over real HTTP."""

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.journeys.running import THREEKEYS
from tests.world import CONSUMER, PROVIDER, STRANGER, World, agreement_text, world

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(f"sqlite:///{tmp_path_factory.mktemp('agreements') / 'gateway.db'}") as entered:
        yield entered


@pytest.fixture
def agreement(
    gateway: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """`threekeys agreement …` as the data office of an agency: (status, output, errors)."""

    def run(agency: str, *arguments: str, at: str = gateway.base_url) -> tuple[int, str, str]:
        client = f"{agency}.data-office"
        key = tmp_path / f"{client}.jwk"
        if not key.exists():
            gateway.keys[client].save(key)
        whose = ["--gateway", at, "--client", client, "--key", str(key)]
        monkeypatch.setattr(sys, "argv", ["threekeys", "agreement", *arguments, *whose])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        return status, *capsys.readouterr()

    return run


@pytest.fixture
def text(tmp_path: Path) -> Path:
    path = tmp_path / "agreement.json"
    path.write_text(json.dumps(agreement_text()))
    return path


def test_an_agreement_goes_its_whole_way(agreement: Run, text: Path) -> None:
    status, drafted, _ = agreement(CONSUMER, "draft", str(text))
    assert status == 0
    assert "draft" in drafted
    its = drafted.split()[0]
    assert "accepted by t.consumer" in agreement(CONSUMER, "accept", its, "--yes", "--text", str(text))[1]
    assert "in-force" in agreement(PROVIDER, "accept", its, "--yes")[1]
    assert json.loads(agreement(PROVIDER, "show", its)[1])["versionInForce"] == 1
    assert its in agreement(CONSUMER, "list")[1]
    assert its not in agreement(STRANGER, "list")[1]
    assert "suspended" in agreement(PROVIDER, "suspend", its)[1]
    assert "agreement-state-forbids" in agreement(CONSUMER, "resume", its)[2]
    assert "in-force" in agreement(PROVIDER, "resume", its)[1]
    assert "version 2, accepted by nobody yet" in agreement(PROVIDER, "version", its, str(text))[1]
    assert "ended" in agreement(CONSUMER, "end", its)[1]


def test_a_text_that_differs_from_what_was_agreed_is_not_signed(agreement: Run, text: Path) -> None:
    its = agreement(CONSUMER, "draft", str(text))[1].split()[0]
    text.write_text(json.dumps(agreement_text(retention="One week.", onwardUse="Nobody else.")))
    status, _, said = agreement(PROVIDER, "accept", its, "--text", str(text))
    assert status == 1
    assert "onwardUse, retention" in said
    assert json.loads(agreement(PROVIDER, "show", its)[1])["acceptances"] == []


def test_every_fault_of_a_text_is_told(agreement: Run, text: Path) -> None:
    text.write_text(json.dumps(agreement_text(fields=["nonsense"], validUntil="2020-01-01T00:00:00Z")))
    status, _, said = agreement(CONSUMER, "draft", str(text))
    assert status == 1
    assert "/fields/0: " in said
    assert "/validUntil: " in said


def test_another_agencys_agreement_is_not_there(agreement: Run, text: Path) -> None:
    its = agreement(CONSUMER, "draft", str(text))[1].split()[0]
    assert "404 no-such-agreement" in agreement(STRANGER, "show", its)[2]
    assert "404 no-such-agreement" in agreement(STRANGER, "accept", its)[2]


def test_what_is_accepted_is_shown_and_nothing_is_signed_where_nobody_says_yes(
    agreement: Run, gateway: World, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    its = agreement(CONSUMER, "draft", str(text))[1].split()[0]
    served = json.loads(agreement(CONSUMER, "show", its)[1])
    status, shown, said = agreement(CONSUMER, "accept", its)
    assert (status, said) == (
        1, "threekeys: nothing was signed: there is no terminal to ask at; --yes signs without asking\n"
    )  # fmt: skip
    for part in ("A test agreement", f"{its}, version 1", PROVIDER, CONSUMER, "with-consent (consent): "):
        assert part in shown
    agreed = served["text"]
    for one in agreed["purposes"]:
        said = shown.partition(f"{one['code']} ({one['signal']}): {one['description']}\n")[2]
        law = one["authority"]
        assert said.lstrip().startswith(f"under {law['legalPower']}; UK GDPR Art {law['lawfulBasis']}\n")
    for name, value in (
        ("limits", "1000000 a minute, 100000000 a day"),
        ("controllers", "Test consumer; Test provider"),
        ("retention", "A year."),
        ("onward use", "None."),
        ("DPIA", "DPIA-1"),
    ):
        assert f"  {name:19}  {value}\n" in shown
    assert "notice: " in shown
    assert "nothing is asked of the person, since: " in shown
    assert "the person's request may be " in shown
    assert served["sha256"] in shown
    assert f'{{"agreement":"{its}","sha256":"{served["sha256"]}","version":1}}' in shown
    assert f"{CONSUMER}.data-office, key {gateway.keys[f'{CONSUMER}.data-office'].kid}" in shown
    assert json.loads(agreement(CONSUMER, "show", its)[1])["acceptances"] == []


@pytest.mark.parametrize(("typed", "accepted"), [("y", [CONSUMER]), ("n", []), ("", [])])
def test_at_a_terminal_it_asks(
    agreement: Run, gateway: World, text: Path, tmp_path: Path, typed: str, accepted: list[str]
) -> None:
    its = agreement(CONSUMER, "draft", str(text))[1].split()[0]
    client = f"{CONSUMER}.data-office"
    whose = ["--gateway", gateway.base_url, "--client", client, "--key", str(tmp_path / f"{client}.jwk")]
    ours, theirs = pty.openpty()
    try:
        process = subprocess.Popen(
            [THREEKEYS, "agreement", "accept", its, *whose], stdin=theirs, stdout=theirs, stderr=theirs
        )
        os.close(theirs)
        shown = ""
        while "[y/N]" not in shown:
            shown += os.read(ours, 4096).decode()
        assert "SHA-256 of the text" in shown
        os.write(ours, f"{typed}\n".encode())
        assert process.wait(30) == (0 if accepted else 1)
    finally:
        os.close(ours)
    found = json.loads(agreement(CONSUMER, "show", its)[1])
    assert [one["agency"] for one in found["acceptances"]] == accepted


def test_a_fault_of_a_whole_text_is_told_without_an_empty_pointer(agreement: Run, tmp_path: Path) -> None:
    path = tmp_path / "agreement.json"
    path.write_text(json.dumps({**agreement_text(), "onwardsUse": "None."}))
    status, _, said = agreement(CONSUMER, "draft", str(path))
    assert status == 1
    assert "\n  at the top: an unknown member stands here; known are: " in said


@pytest.mark.parametrize("width", [60, 80])
def test_what_is_signed_keeps_to_the_terminal_with_no_word_of_it_broken(
    agreement: Run, text: Path, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    onward = (
        "None without a new agreement, save that a statute orders it: " * 6
        + "see https://council.example/onward-use."
    )
    text.write_text(json.dumps(agreement_text(onwardUse=onward)))
    its = agreement(CONSUMER, "draft", str(text))[1].split()[0]
    shown = agreement(CONSUMER, "accept", its)[1]
    lines = shown.splitlines()
    for line in lines:
        assert len(line) <= width or len(line.split()) == 1, line
    assert f"  onward use           {onward}" not in shown
    assert " ".join(onward.split()) in " ".join(shown.split())
    sha256 = json.loads(agreement(CONSUMER, "show", its)[1])["sha256"]
    assert f'{{"agreement":"{its}","sha256":"{sha256}","version":1}}' in [line.strip() for line in lines]


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:99999", "nonsense", "http://gateway.example", "http://127.0.0.1:9"]
)
def test_a_gateway_that_cannot_be_called_is_told_in_one_line(agreement: Run, url: str) -> None:
    status, out, said = agreement(CONSUMER, "list", at=url)
    assert (status, out) == (1, "")
    assert len(said.splitlines()) == 1
    assert "Error" not in said
    assert url in said


class Elsewhere(SimpleHTTPRequestHandler):
    """What is no gateway."""

    def do_POST(self) -> None:
        self.send_error(404)

    def log_message(self, *_: object) -> None: ...


def test_what_is_no_gateway_is_told_in_one_line(agreement: Run) -> None:
    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        status, _, said = agreement(CONSUMER, "list", at=f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
    assert status == 1
    assert "what answers is no gateway: /oauth/token answered 404" in said
    assert len(said.splitlines()) == 1

"""`threekeys agreement`: two data offices draft, read, accept, stop and end an agreement over real HTTP."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.cli.main import main
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

    def run(agency: str, *arguments: str) -> tuple[int, str, str]:
        client = f"{agency}.data-office"
        key = tmp_path / f"{client}.jwk"
        if not key.exists():
            gateway.keys[client].save(key)
        whose = ["--gateway", gateway.base_url, "--client", client, "--key", str(key)]
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
    assert "accepted by t.consumer" in agreement(CONSUMER, "accept", its, "--text", str(text))[1]
    assert "in-force" in agreement(PROVIDER, "accept", its)[1]
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

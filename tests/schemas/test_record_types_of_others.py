"""A record type that lives outside the package: found by its entry point, checked, and served like our own."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.base import Record
from gateway.app import build
from gateway.settings import ConfigurationError, Settings
from schemas.records import RecordModel, RecordTypesUnusable, UnknownRecordType, record_model, record_types
from tests.world import PEOPLE, World, agreement_text, purpose

EXAMPLE = Path(__file__).parents[2] / "examples" / "parking-permit"
PERMIT = "parking-permit/v1"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's wheel, unpacked, as an installer leaves it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=EXAMPLE, check=True, capture_output=True)
    [built] = folder.glob("*.whl")
    with zipfile.ZipFile(built) as packed:
        packed.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What a test installs is there for that test alone."""
    record_types.cache_clear()
    yield
    record_types.cache_clear()


def _installed(site: Path, name: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution with a module of this name, whose `Mine` is its record type."""
    (site / f"{name}.py").write_text(source)
    about = site / f"{name}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[threekeys.record_types]\nmine = {name}:Mine\n")
    monkeypatch.syspath_prepend(str(site))


def test_without_it_there_is_no_such_record_type() -> None:
    with pytest.raises(UnknownRecordType):
        record_model(PERMIT)


def test_a_record_type_of_others_is_listed_served_and_exchanged(
    wheel: Path, monkeypatch: pytest.MonkeyPatch, database_url: str
) -> None:
    monkeypatch.syspath_prepend(str(wheel))
    with World(database_url) as world:
        listed = world.anyone().get("/v1/record-types").json()["items"]
        [permit] = [one for one in listed if one["id"] == PERMIT]
        shown = world.anyone().get(permit["href"]).json()
        assert "holder.familyName" in shown["fields"]
        assert shown["jsonSchema"]["properties"]["zone"]["description"].startswith("The zone's code")

        fields = ["zone", "validUntil"]
        asked = purpose("parking-check", "none", signalReason="The statute orders it.")
        text = agreement_text("", fields=fields, purposes=[asked])
        dataset = world.offer(
            name="permits", record_type=PERMIT, identifiers=("nino",),
            text={name: part for name, part in text.items() if name != "dataset"},
        )  # fmt: skip
        nino = PEOPLE["cat"]["nino"]
        data = {**shown["example"], "holder": {**shown["example"]["holder"], "nino": nino}}
        world.adapter.held[nino] = Record(data, identifiers={"nino": nino})
        body = world.ask("cat", dataset=dataset, purpose="parking-check", fields=fields)
        answer = world.casework.post("/v1/exchanges", json=body)
        assert answer.status_code == 201, answer.text
        assert answer.json()["record"] == {"zone": "K3", "validUntil": "2027-03-31"}
        assert answer.json()["recordType"] == PERMIT

        world.adapter.held[nino] = Record({**data, "status": "gone"}, identifiers={"nino": nino})
        wrong = world.casework.post("/v1/exchanges", json={**body, "fields": ["zone"]})
        assert (wrong.status_code, wrong.json()["code"]) == (502, "source-wrong-schema")


_HEAD = """
from typing import Any, ClassVar
from schemas.records import RecordModel
class Mine(RecordModel):
    record_type = {name!r}
    title = "Mine"
    description = "Of mine."
"""
_ZONE = "    example = {'zone': 'K'}\n    zone: str | None = None\n"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("raise RuntimeError('Zyzzyva')", "RuntimeError when it is imported"),
        ("Mine = 7", "it is no RecordModel"),
        (_HEAD.format(name="mine/v1") + "    zone: str | None = None\n", "it does not say its example"),
        (
            _HEAD.format(name="driving-licence/v1") + _ZONE,
            "driving-licence/v1 is taken",
        ),
        (
            _HEAD.format(name="Mine") + _ZONE,
            "no name and version",
        ),
        (
            _HEAD.format(name="mine/v1") + "    example = {'zone': 'K'}\n    zone: str\n",
            "no field of a record may be",
        ),
        (
            _HEAD.format(name="mine/v1") + "    example = {'zone': 7}\n    zone: str | None = None\n",
            "does not fit it: zone",
        ),
        (
            _HEAD.format(name="mine/v1") + _ZONE + "    confirmations = {'postcode': 'home'}\n",
            "said to stand at home, which is no field",
        ),
        (
            _HEAD.format(name="mine/v1") + _ZONE + "    identifier_paths = {'passport': 'zone'}\n",
            "there is no identifier 'passport'",
        ),
        (_HEAD.format(name=5) + _ZONE, "record_type is of another kind"),
        (
            _HEAD.format(name="mine/v1").replace("'Mine'", "5").replace('"Mine"', "5") + _ZONE,
            "title is of another kind",
        ),
        (_HEAD.format(name="mine/v1") + _ZONE + "    confirmations = None\n", "confirmations is of another kind"),
        (
            _HEAD.format(name="mine/v1") + _ZONE + "    special_category = 'no'\n",
            "special_category is of another kind",
        ),
        (_HEAD.format(name="mine/v1") + _ZONE + "    confirmations = {'postcode': ['zone']}\n", "which is no field"),
        (
            _HEAD.format(name="mine/v1") + "    example = {'zone': object()}\n    zone: str | None = None\n",
            "its example is not JSON",
        ),
        (
            _HEAD.format(name="mine/v1") + "    example = {'zone': 'K'}\n    zone: str | None = 'K'\n",
            "or stand for itself",
        ),
    ],
)
def test_a_record_type_that_is_not_sound_keeps_the_gateway_from_starting(
    source: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    _installed(tmp_path, f"mine_{request.node.callspec.indices['source']}", source, monkeypatch)
    with pytest.raises(RecordTypesUnusable) as unusable:
        record_types()
    assert said in str(unusable.value)
    assert "Zyzzyva" not in str(unusable.value)
    settings = {"baseUrl": "http://127.0.0.1:1", "keys": tmp_path, "database": f"sqlite:///{tmp_path / 'none.db'}"}
    with pytest.raises(ConfigurationError, match="record type mine_"):
        build(Settings.model_validate(settings))


def test_the_example_s_own_test_passes(wheel: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": f"{wheel}{os.pathsep}{EXAMPLE.parents[1]}"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(EXAMPLE), "tests"]
    ran = subprocess.run(command, cwd=EXAMPLE, env=environment, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stdout
    assert "1 passed" in ran.stdout


def test_all_that_are_there_are_sound() -> None:
    assert all(issubclass(model, RecordModel) for model in record_types().values())

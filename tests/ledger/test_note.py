"""Signed notes and checkpoints: known answers of other implementations, and attacks."""

from base64 import b64decode, b64encode

import pytest

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.note import Verifier, open_note, sign
from gateway.signing.errors import SignatureError
from gateway.signing.keys import Purpose, generate

ORIGIN = "gateway.example/ledger"
KEY = generate(Purpose.CHECKPOINT)
OTHER = generate(Purpose.CHECKPOINT)
VERIFIER = Verifier(ORIGIN, KEY.public_bytes())
CHECKPOINT = Checkpoint(ORIGIN, 42, bytes(range(32)))
NOTE = CHECKPOINT.signed(KEY)


def test_the_example_of_the_go_implementation_verifies() -> None:
    verifier = Verifier.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    note = text + (
        "\n— PeterNeumann "
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    )
    assert open_note(note, [verifier]) == text
    with pytest.raises(SignatureError):
        open_note(note.replace("answer", "cause"), [verifier])


def test_a_checkpoint_is_three_lines_a_blank_and_a_signature() -> None:
    lines = NOTE.split("\n")
    assert lines[:4] == [ORIGIN, "42", b64encode(bytes(range(32))).decode(), ""]
    assert lines[4].startswith(f"— {ORIGIN} ")
    assert len(b64decode(lines[4].split(" ")[2])) == 4 + 64
    assert NOTE.endswith("\n")


def test_a_checkpoint_is_read_back() -> None:
    assert Checkpoint.open(NOTE, ORIGIN, [VERIFIER]) == CHECKPOINT


def test_after_a_rotation_either_key_is_enough_and_signatures_of_strangers_are_passed_over() -> None:
    stranger = sign(NOTE.split("\n\n")[0] + "\n", "witness.example", OTHER).split("\n\n")[1]
    rotated = Verifier(ORIGIN, OTHER.public_bytes())
    assert Checkpoint.open(NOTE + stranger, ORIGIN, [rotated, VERIFIER]) == CHECKPOINT


def test_every_changed_character_of_the_text_is_noticed() -> None:
    body = NOTE.index("\n\n")
    for position in range(body):
        changed = NOTE[:position] + ("1" if NOTE[position] != "1" else "2") + NOTE[position + 1 :]
        with pytest.raises(SignatureError):
            Checkpoint.open(changed, ORIGIN, [VERIFIER])


def test_another_key_under_the_same_name_is_refused() -> None:
    with pytest.raises(SignatureError, match="no known key"):
        Checkpoint.open(CHECKPOINT.signed(OTHER), ORIGIN, [VERIFIER])


def test_a_forged_signature_beside_a_true_one_spoils_the_note() -> None:
    forged = b64encode(VERIFIER.key_id + OTHER.sign(NOTE.split("\n\n")[0].encode() + b"\n")).decode()
    with pytest.raises(SignatureError, match="does not verify"):
        Checkpoint.open(NOTE + f"— {ORIGIN} {forged}\n", ORIGIN, [VERIFIER])


def test_a_checkpoint_of_another_log_is_refused_though_the_key_is_known() -> None:
    text = "other.example/ledger\n42\n" + b64encode(bytes(32)).decode() + "\n"
    with pytest.raises(SignatureError, match="another log"):
        Checkpoint.open(sign(text, ORIGIN, KEY), ORIGIN, [VERIFIER])


@pytest.mark.parametrize(
    "text",
    [f"{ORIGIN}\n42\n", f"{ORIGIN}\n042\n{b64encode(bytes(32)).decode()}\n", f"{ORIGIN}\n-1\nAAAA\n",
     f"{ORIGIN}\n4\n{b64encode(bytes(31)).decode()}\n", f"{ORIGIN}\n4\n\n{b64encode(bytes(32)).decode()}\n",
     f"{ORIGIN}\n٤\n{b64encode(bytes(32)).decode()}\n"],
)  # fmt: skip
def test_a_signed_text_that_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(SignatureError):
        Checkpoint.open(sign(text, ORIGIN, KEY), ORIGIN, [VERIFIER])


@pytest.mark.parametrize(
    "note", ["", "\n", "x", NOTE.split("\n\n")[0] + "\n", NOTE[:-1], NOTE + "\n", NOTE.replace("—", "-"), "\r" + NOTE]
)
def test_what_is_no_note_is_refused(note: str) -> None:
    with pytest.raises(SignatureError):
        open_note(note, [VERIFIER])


def test_a_verifier_is_read_back_from_its_text_and_from_a_jwks() -> None:
    assert Verifier.parse(str(VERIFIER)) == VERIFIER
    assert Verifier.of_jwks(ORIGIN, {"keys": [generate(Purpose.TOKEN).jwk, KEY.jwk]}) == [VERIFIER]


@pytest.mark.parametrize(
    "text",
    ["", "a", "a+b+c", str(VERIFIER)[:-8], str(VERIFIER).replace(VERIFIER.key_id.hex(), "00000000"), "a b+c+d"],
    ids=["nothing", "one word", "no key", "a key that breaks off", "another key's id", "a space in the name"],
)
def test_what_is_no_verifier_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Verifier.parse(text)

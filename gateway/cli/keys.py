"""`keys list` and `keys rotate`: the gateway's own signing keys and pseudonym keys."""

import sys
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config
from gateway.settings import ConfigurationError, Settings, load

if TYPE_CHECKING:
    from gateway.signing.keys import SigningKey

app = typer.Typer(no_args_is_help=True)


class Kind(StrEnum):
    """What may be rotated: the purposes of signing keys, and the key of pseudonyms."""

    TOKEN = "token"  # noqa: S105  # a purpose, no password
    RECEIPT = "receipt"
    CHECKPOINT = "checkpoint"
    PSEUDONYM = "pseudonym"


@app.command("list")
def listing(config: Config = DEFAULT_CONFIG) -> None:
    """The live keys, oldest first in each purpose: the last one signs; of the pseudonym's, what each is used for.

    A checkpoint key is shown as auditors pin it too: origin+id+key.
    """
    from gateway.signing.directory import KeyDirectory
    from gateway.signing.errors import KeyFileError
    from gateway.signing.keys import Purpose
    from gateway.signing.pseudonyms import PseudonymKeys

    settings = load(config)
    directory, pseudonyms = KeyDirectory(settings.keys), PseudonymKeys(settings.keys)
    try:
        origin = _origin(settings) if directory.live(Purpose.CHECKPOINT) else ""
        for purpose in Purpose:
            for key in directory.live(purpose):
                print(f"{purpose:10}  {key.kid}  {_pinned(origin, key)}".rstrip())
        pseudonyms.refresh()
        for kid, used in pseudonyms.phases():
            print(f"{Kind.PSEUDONYM:10}  {kid}  {used}")
    except KeyFileError as error:
        raise ConfigurationError(f"keys: {error}") from None


@app.command()
def rotate(
    kind: Annotated[Kind, typer.Argument(help="Which key to follow with a new one.")],
    lead: Annotated[
        int,
        typer.Option(min=1, help="Minutes until a pseudonym key is written with; all gateways must have it by then."),
    ] = 10,
    hand_over: Annotated[
        bool, typer.Option(help="Let the old key vouch for the new one; not where it is no longer yours alone.")
    ] = True,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Make a new key, used from now on; that of pseudonyms after a lead.

    Older keys stay: what they signed still verifies, what they hid is found. Whoever trusts an old key trusts the
    new one by the hand-over between them; without it, publish the new key by another way.
    """
    from gateway.signing.directory import KeyDirectory
    from gateway.signing.errors import KeyFileError
    from gateway.signing.keys import Purpose
    from gateway.signing.pseudonyms import PseudonymKeys

    settings = load(config)
    folder, pinned = settings.keys, ""
    try:
        if kind is Kind.PSEUDONYM:
            pseudonyms = PseudonymKeys(folder)
            kid = pseudonyms.rotate(lead * 60)
            used = dict(pseudonyms.phases())[kid]
        else:
            key = KeyDirectory(folder).rotate(Purpose(kind.value), vouched=hand_over)
            kid, used = key.kid, "signs from now on"
            pinned = _pinned(_origin(settings), key) if key.purpose is Purpose.CHECKPOINT else ""
    except KeyFileError as error:
        raise ConfigurationError(f"keys: {error}") from None
    print(f"the new {kind.value} key is {kid}: {used}")
    if pinned:
        print(f"for auditors to pin: {pinned}")


def _origin(settings: Settings) -> str:
    """The ledger's name. Keys are shown without it, and that is said, where its database cannot tell it."""
    from gateway.cli.storing import read
    from gateway.errors import Unavailable
    from gateway.ledger import repository

    try:
        return read(settings, repository.name) or settings.origin
    except (ConfigurationError, Unavailable) as error:
        print(f"threekeys: {error}; so checkpoint keys are not shown as auditors pin them", file=sys.stderr)
        return ""


def _pinned(origin: str, key: "SigningKey") -> str:
    """A checkpoint key as auditors pin it; nothing of another."""
    from gateway.ledger.note import Verifier
    from gateway.signing.keys import Purpose

    return str(Verifier(origin, key.public_bytes())) if origin and key.purpose is Purpose.CHECKPOINT else ""

"""`ledger export` and `ledger verify`."""

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.counting import count, ranges
from gateway.cli.options import DEFAULT_CONFIG, Config
from gateway.settings import ConfigurationError, load

if TYPE_CHECKING:
    from gateway.db.connection import Connection
    from gateway.db.store import Store
    from gateway.signing.keys import SigningKey

_PATIENCE = 40  # tenths of a second

app = typer.Typer(no_args_is_help=True)


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="The file to write: JSON lines.")],
    config: Config = DEFAULT_CONFIG,
    openings: Annotated[bool, typer.Option(help="Include events and salts, not only commitments.")] = True,
) -> None:
    """Write the log up to its latest checkpoint, with the public keys that signed it.

    What is committed by now is in it, but for entries that no gateway numbers: standard error says how many.
    """
    from gateway.clock import SystemClock
    from gateway.db.open import open_store
    from gateway.signing.directory import KeyDirectory
    from gateway.signing.keys import Purpose

    settings = load(config)
    keys = KeyDirectory(settings.keys).live(Purpose.CHECKPOINT)

    async def run() -> int:
        store = open_store(settings.database, SystemClock(), busy_timeout=settings.busy_timeout)
        try:
            left_out = await _left_out(store)
            if left_out:
                print(
                    f"threekeys: not in it: {count(left_out, 'entry', 'entries')} without a number yet. A gateway"
                    " that runs gives numbers within a second: start one, or see in its log why, then export again",
                    file=sys.stderr,
                )
            return await store.read(_export, target, keys, openings)
        finally:
            await store.aclose()

    print(f"exported {count(asyncio.run(run()), 'entry', 'entries')} to {target}")


async def _left_out(store: "Store") -> int:
    """How many of the entries that are committed by now get no number for a while: a gateway that runs gives it
    within a second, or three where one that held the lease has ended; after a crash nobody does until one runs."""
    from gateway.ledger.repository import waiting

    left, last = await store.read(waiting)
    for _ in range(_PATIENCE):
        if not left:
            break
        await asyncio.sleep(0.1)
        left, _ = await store.read(waiting, last)
    return left


def _export(connection: "Connection", target: Path, keys: "list[SigningKey]", openings: bool) -> int:
    from gateway.ledger.export import export as write_export

    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    except OSError as error:
        raise ConfigurationError(f"{target}: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        return write_export(connection, out, keys, openings=openings)


@app.command()
def verify(
    source: Annotated[Path, typer.Argument(help="An export.")],
    key: Annotated[list[str] | None, typer.Option(help="A checkpoint key to trust: origin+id+key.")] = None,
    checkpoint: Annotated[list[Path] | None, typer.Option(help="A checkpoint seen earlier, in a file.")] = None,
) -> None:
    """Recompute the whole log from an export; name the first bad entry.

    Ends with status 2 where something is not what was signed, and with 3 where all is, and openings are missing that
    no event accounts for.
    """
    from gateway.ledger.note import Verifier
    from gateway.ledger.reading import ExportUnreadable
    from gateway.ledger.verify import verify_export

    for pinned in key or []:
        try:
            Verifier.parse(pinned)
        except ValueError as error:
            raise ConfigurationError(f"--key {pinned!r} is no checkpoint key, origin+id+key: {error}") from None
    remembered = [_checkpoint(path) for path in checkpoint or []]
    try:
        report = verify_export(source, keys=key or [], remembered=remembered)
    except OSError as error:
        raise ConfigurationError(f"{source}: {error.strerror}") from None
    except ExportUnreadable as error:
        raise ConfigurationError(f"{source} is not an export that can be read: {error}") from None
    if report.problem is not None:
        print(f"BAD: {report.problem}")
        sys.exit(2)
    trust = "the keys given" if report.pinned else "the keys in the export itself (pin them with --key)"
    if report.handed_over:
        trust += " and those that they handed over to"
    print(
        f"verified {count(report.entries, 'entry', 'entries')}, {count(report.openings, 'opening')} and "
        f"{count(report.checkpoints, 'checkpoint')} of {report.origin}, against {trust}\nroot {report.root}"
    )
    if report.older:
        print(f"beside them {count(report.older, 'checkpoint')} by keys from before yours, which later ones cover")
    if report.handed_over:
        print(f"signed last by {report.signer}: pin this key from now on")
    if not report.openings:
        print("it holds no openings: what the entries tell of was not looked at")
    elif report.unopened or not report.accounted:
        missing, forgotten = count(len(report.unopened), "opening"), count(report.forgotten, "opening")
        if report.accounted:
            print(f"without {missing}: {len(report.unopened)} went with people who were forgotten")
            return
        which = f" ({ranges(report.unopened)})" if report.unopened else ""
        print(f"INCOMPLETE: {missing} missing{which}; events of people who were forgotten account for {forgotten}")
        sys.exit(3)


def _checkpoint(path: Path) -> str:
    from gateway.ledger.checkpoint import is_checkpoint

    text = _read(path)
    if not is_checkpoint(text):
        raise ConfigurationError(f"{path} is not a checkpoint: give what /v1/ledger/checkpoint answered, as it came")
    return text


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path} is not a checkpoint: it is no text") from None

"""Signatures are verified alike in the process of their own and here."""

import asyncio
import os
import signal
import time

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from gateway.auth import verifier as verifier_module
from gateway.auth.verifier import Signed, Verifier

KEYS = [generate_private_key(SECP256R1()) for _ in range(3)]
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def point(key: EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big")


def signed(n: int, data: bytes = b"data") -> Signed:
    r, s = decode_dss_signature(KEYS[n].sign(data, ECDSA(SHA256())))
    return Signed(point(KEYS[n]), r.to_bytes(32, "big") + s.to_bytes(32, "big"), data)


def flipped(one: Signed) -> Signed:
    return one._replace(signature=bytes([one.signature[0] ^ 1]) + one.signature[1:])


def cases() -> list[tuple[Signed, bool]]:
    ed = Ed25519PrivateKey.generate()
    good = signed(0)
    return [
        (good, True),
        (signed(1, b"other"), True),
        (flipped(good), False),
        (good._replace(data=b"date"), False),
        (good._replace(key=point(KEYS[1])), False),
        (good._replace(signature=good.signature[:-1]), False),
        (good._replace(signature=good.signature + b"\0"), False),
        (good._replace(signature=b""), False),
        (good._replace(signature=bytes(64)), False),
        (good._replace(signature=N.to_bytes(32, "big") + good.signature[32:]), False),
        (good._replace(signature=b"\xff" * 64), False),
        (Signed(ed.public_key(), ed.sign(b"data"), b"data"), True),
        (Signed(ed.public_key(), ed.sign(b"data"), b"date"), False),
        (signed(2), True),
    ]


@pytest.mark.parametrize("apart", [False, True])
def test_good_and_bad_ones_mixed_are_told_apart(apart: bool) -> None:
    given = cases() * 20

    async def scenario() -> list[bool]:
        verifier = Verifier(apart=apart)
        found = await asyncio.gather(*(verifier.holds(one) for one, _ in given))
        await verifier.aclose()
        return found

    assert asyncio.run(scenario()) == [expected for _, expected in given]


def test_many_go_to_the_process_and_a_lone_one_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    here: list[int] = []
    original = Signed.holds
    verifier = Verifier(apart=True)

    def holds(self: Signed) -> bool:
        here.append(1)
        return original(self)

    monkeypatch.setattr(Signed, "holds", holds)

    async def scenario() -> None:
        assert await verifier.holds(signed(0))
        assert here == [1]
        assert all(await asyncio.gather(*(verifier.holds(signed(n % 3)) for n in range(9))))
        assert here == [1]
        verifier.alone = lambda: True
        assert all(await asyncio.gather(*(verifier.holds(signed(n % 3)) for n in range(2))))
        assert here == [1, 1, 1]
        await verifier.aclose()

    asyncio.run(scenario())


def test_a_caller_who_hangs_up_holds_up_nobody() -> None:
    async def scenario() -> list[bool]:
        verifier = Verifier(apart=True)
        tasks = [asyncio.create_task(verifier.holds(signed(n % 3))) for n in range(6)]
        await asyncio.sleep(0)
        tasks[0].cancel()
        found = await asyncio.gather(*tasks[1:])
        await verifier.aclose()
        return found

    assert asyncio.run(scenario()) == [True] * 5


def test_nobody_waits_long_for_a_process_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verifier_module, "PATIENCE", 0.2)
    given = cases()

    async def scenario() -> list[list[bool]]:
        verifier = Verifier(apart=True)
        assert verifier.apart is not None
        os.kill(verifier.apart.pid, signal.SIGSTOP)
        late = await asyncio.wait_for(asyncio.gather(*(verifier.holds(one) for one, _ in given)), 5)
        began = time.monotonic()
        here = [await asyncio.gather(*(verifier.holds(one) for one, _ in given)) for _ in range(10)]
        assert time.monotonic() - began < 1.0  # once late, nobody waits for it again
        os.kill(verifier.apart.pid, signal.SIGCONT)
        async with asyncio.timeout(10):
            while verifier._late:
                await asyncio.sleep(0.01)
        after = await asyncio.gather(*(verifier.holds(one) for one, _ in given))
        await verifier.aclose()
        return [late, *here, after]

    assert asyncio.run(scenario()) == [[expected for _, expected in given]] * 12


@pytest.mark.parametrize("stopped", [True, False], ids=["meanwhile", "before"])
def test_where_the_process_is_gone_signatures_are_verified_here(stopped: bool) -> None:
    given = cases()

    async def scenario() -> tuple[list[bool], list[bool]]:
        verifier = Verifier(apart=True)
        assert verifier.apart is not None
        await asyncio.gather(*(verifier.holds(one) for one, _ in given))
        if stopped:
            os.kill(verifier.apart.pid, signal.SIGSTOP)
        waiting = [asyncio.create_task(verifier.holds(one)) for one, _ in given]
        await asyncio.sleep(0.05)
        os.kill(verifier.apart.pid, signal.SIGKILL)
        first = await asyncio.gather(*waiting)
        await asyncio.sleep(0.05)
        second = await asyncio.gather(*(verifier.holds(one) for one, _ in given))
        await verifier.aclose()
        return first, second

    first, second = asyncio.run(scenario())
    assert first == second == [expected for _, expected in given]

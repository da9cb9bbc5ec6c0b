"""Work in a process of its own, whatever becomes of either side."""

import asyncio
import os
import signal
from pathlib import Path

from gateway.apart import Apart


def test_answers_come_in_order_and_whole_however_large() -> None:
    sizes = [0, 1, 3, 1_000_000, 7, 300_000, 0, 2_000_000]

    async def scenario() -> list[bytes]:
        apart = Apart("test", lambda parcel: bytes(parcel) * 2)
        answers: list[bytes] = []
        all_here = asyncio.Event()

        def answered(answer: memoryview) -> None:
            answers.append(bytes(answer))
            if len(answers) == len(sizes):
                all_here.set()

        apart.begin(asyncio.get_running_loop(), answered, lambda: None)
        for n, size in enumerate(sizes):
            apart.send(bytes([n]) * size)
        await asyncio.wait_for(all_here.wait(), 20)
        await apart.aclose()
        return answers

    assert asyncio.run(scenario()) == [bytes([n]) * size * 2 for n, size in enumerate(sizes)]


def test_the_loop_does_not_wait_for_a_process_that_takes_nothing() -> None:
    async def scenario() -> tuple[int, int]:
        apart = Apart("test", lambda parcel: len(parcel).to_bytes(4, "big"))
        answers: list[int] = []
        apart.begin(
            asyncio.get_running_loop(), lambda answer: answers.append(int.from_bytes(answer, "big")), lambda: None
        )
        os.kill(apart.pid, signal.SIGSTOP)
        loop = asyncio.get_running_loop()
        began = loop.time()
        for _ in range(20):
            apart.send(bytes(100_000))
        took = loop.time() - began
        assert took < 1
        await asyncio.sleep(0.1)
        assert answers == []
        os.kill(apart.pid, signal.SIGCONT)
        while len(answers) < 20:
            await asyncio.sleep(0.01)
        await apart.aclose()
        return len(answers), answers[0]

    assert asyncio.run(asyncio.wait_for(scenario(), 20)) == (20, 100_000)


def test_where_it_ends_by_itself_that_is_told_once() -> None:
    async def scenario() -> list[str]:
        told: list[str] = []
        apart = Apart("test", lambda parcel: os._exit(1))
        apart.begin(asyncio.get_running_loop(), lambda _: told.append("answered"), lambda: told.append("lost"))
        apart.send(b"x")
        await asyncio.sleep(0.3)
        apart.send(b"y" * 1_000_000)
        await asyncio.sleep(0.1)
        assert not Path(f"/proc/{apart.pid}").exists()  # no zombie stays
        apart.kill()  # nobody: who has its number by now is somebody else
        await apart.aclose()
        return told

    assert asyncio.run(scenario()) == ["lost"]


def test_a_process_that_is_forked_later_keeps_none_alive() -> None:
    async def scenario() -> None:
        first, second = Apart("test", bytes), Apart("test", bytes)
        await asyncio.wait_for(first.aclose(), 5)
        await asyncio.wait_for(second.aclose(), 5)

    asyncio.run(scenario())

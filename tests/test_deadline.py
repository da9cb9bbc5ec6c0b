"""Time limits by one timer: whose cancellation it was, and who is left alone."""

import asyncio
from contextlib import suppress

import pytest

from gateway.deadline import Deadline

LONG = 60.0


async def _within(deadline: Deadline, seconds: float, work: float) -> str:
    task = deadline.begin(seconds)
    try:
        await asyncio.sleep(work)
    except asyncio.CancelledError:
        if not deadline.passed(task):
            raise
        return "late"
    finally:
        deadline.end(task)
    return "done"


def test_each_piece_of_work_has_its_own_time_whatever_the_order() -> None:
    async def run() -> list[str]:
        deadline = Deadline()
        pairs = [(LONG, 0.0), (0.05, LONG), (LONG, 0.1), (0.01, LONG), (0.02, 0.0), (0.03, LONG)]
        return await asyncio.gather(*(_within(deadline, *pair) for pair in pairs))

    assert asyncio.run(run()) == ["done", "late", "done", "late", "done", "late"]


def test_a_task_that_was_late_once_can_work_on() -> None:
    async def run() -> tuple[list[str], int]:
        deadline = Deadline()
        said = [await _within(deadline, seconds, work) for seconds, work in ((0.01, LONG), (LONG, 0.0), (0.01, LONG))]
        task = asyncio.current_task()
        assert task is not None
        return said, task.cancelling()

    assert asyncio.run(run()) == (["late", "done", "late"], 0)


def test_a_cancellation_by_somebody_else_stays_one() -> None:
    async def run() -> None:
        deadline = Deadline()
        task = asyncio.ensure_future(_within(deadline, LONG, LONG))
        await asyncio.sleep(0)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_who_is_cancelled_in_the_moment_in_which_the_time_is_over_is_cancelled() -> None:
    async def run() -> None:
        deadline = Deadline()
        task = asyncio.ensure_future(_within(deadline, 0.02, LONG))
        loop = asyncio.get_running_loop()
        await asyncio.sleep(0)
        loop.call_at(loop.time() + 0.02, task.cancel)
        await asyncio.sleep(0)
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(run())


def test_work_that_ends_as_its_time_ends_leaves_no_cancellation_behind() -> None:
    async def run() -> int:
        deadline = Deadline()
        task = deadline.begin(0.01)
        try:
            with suppress(asyncio.CancelledError):  # an adapter that swallows it
                await asyncio.sleep(LONG)
        finally:
            deadline.end(task)
        await asyncio.sleep(0)
        return task.cancelling()

    assert asyncio.run(run()) == 0


def test_a_shorter_time_that_begins_behind_a_longer_one_is_kept() -> None:
    async def run() -> str:
        deadline = Deadline()
        longer = asyncio.ensure_future(_within(deadline, LONG, LONG))
        await asyncio.sleep(0)  # the timer stands at its time
        try:
            return await asyncio.wait_for(_within(deadline, 0.02, LONG), 5)
        finally:
            longer.cancel()

    assert asyncio.run(run()) == "late"

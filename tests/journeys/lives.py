"""A gateway's lives, one after another on the same database: each but the last ends by kill -9."""

import asyncio
import itertools
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from tests.journeys.failpoints import IN_THE_SOURCE, Fuse
from tests.journeys.killing import Told, traffic
from tests.journeys.realm import Realm
from tests.journeys.source import Read
from tests.journeys.warm import WarmParent

How = Literal["forked", "cold", "plain"]
"""Forked from a warm parent; a cold `threekeys serve` with a failpoint round it; the untouched `threekeys serve`."""
PATIENCE = 30.0
"""Seconds in which a gateway must reach the point at which it dies."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a life ends; `plain` ones at no point but at a moment."""

    point: str
    how: How
    hit: int = 1
    variant: int = 0


@dataclass(slots=True)
class Life:
    """A running gateway and the end that it was given."""

    death: Death | None
    fuse: Fuse
    pid: int
    process: "subprocess.Popen[bytes] | None" = None


class OneGateway(Realm):
    """A realm whose gateway is started by `begin`, again and again."""

    _warm: WarmParent | None = None
    _lives = 0

    @property
    def warm(self) -> WarmParent:
        """The parent of the forked ones."""
        assert self._warm is not None
        return self._warm

    def start(self) -> None:
        """The source, and the parent of gateways to come."""
        self.run(self.source.start())
        self._warm = WarmParent()

    def stop(self) -> None:
        """End whatever is still alive."""
        if self._warm is not None:
            self._warm.close()
        super().stop()

    def begin(self, death: Death | None) -> Life:
        """Start a gateway; it is ready when this returns, and dies once `end` arms its fuse."""
        self._lives += 1
        path = self.folder / f"fuse-{self._lives}"
        fuse = Fuse(path)
        [config] = self.configurations
        hit = 1 if death is None or death.point == "fetching" else death.hit  # there the source counts
        if death is None or death.how == "forked":
            failpoint = (
                {"point": death.point, "hit": hit, "variant": death.variant, "fuse": str(path)} if death else {}
            )
            life = Life(death, fuse, self.warm.fork(config, self.log, **failpoint))
        elif death.how == "plain":
            process = self.serve(config)
            life = Life(death, fuse, process.pid, process)
        else:
            command = [sys.executable, "-m", "tests.journeys.failpoints", death.point]
            command += [str(hit), str(death.variant), str(path), "serve", "-c", str(config)]
            process = self.launched([*command, "--stop-with-stdin"])
            life = Life(death, fuse, process.pid, process)
        if life.process is not None:
            self.processes.append(life.process)
        self.await_gateway(self.settings.port)
        return life

    def end(self, life: Life, dice: random.Random) -> Told:
        """Let it serve until it dies at its point; what callers were told meanwhile."""
        assert life.death is not None
        fetching = life.death.point == "fetching"
        self.source.pause = _slowly(life.fuse, life.death.hit) if fetching else _briefly(dice)
        timer = None
        if life.death.how == "plain":
            assert life.process is not None
            timer = threading.Timer(dice.uniform(0.1, 1.0), life.process.kill)
            timer.start()
        else:
            life.fuse.arm()
        told = self.run(traffic(self, dice, PATIENCE))
        code = life.process.wait(10) if life.process is not None else self.warm.wait(life.pid)
        assert code == -signal.SIGKILL, f"the gateway ended by itself: {code}\n{self.log.read_text()[-4000:]}"
        assert life.fuse.blown == (timer is None), "it died, but not at its point"
        return told

    def rest(self, life: Life) -> None:
        """End a survivor as an operator does."""
        os.kill(life.pid, signal.SIGTERM)
        assert self.warm.wait(life.pid) == 0


def _slowly(fuse: Fuse, hit: int) -> Callable[[Read], Awaitable[None]]:
    """Tell the gateway to die once this many reads are here and wait."""
    reads = itertools.count(1)

    async def pause(_: Read) -> None:
        if next(reads) == hit:
            fuse.ask()
        await asyncio.sleep(IN_THE_SOURCE)

    return pause


def _briefly(dice: random.Random) -> Callable[[Read], Awaitable[None]]:
    async def pause(_: Read) -> None:
        await asyncio.sleep(dice.uniform(0, 0.004))

    return pause

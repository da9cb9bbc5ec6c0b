"""Whether memory stays flat: resident size over many exchanges."""

from tests.bench.stage import Stage
from tests.bench.threads import resident

_SAMPLES = 10


def watch_memory(stage: Stage, exchanges: int) -> None:
    """Drive so many exchanges and print the resident memory after each tenth.

    What grows by design: the proofs seen in the last minutes, at most 400,000 of some 100 bytes. A stall of the
    machine, over which wrk gives up an answer, ends a comparison of rates, but not this: it is counted.
    """
    print(f"\nmemory of `{stage.name}` over {exchanges} exchanges, MiB after each tenth")
    sizes = [resident(stage.pid)]
    print(f"  before: {sizes[0] / 1024:.0f}")
    begun = stage.exchanges
    broken = 0
    for n in range(_SAMPLES):
        while stage.exchanges - begun < exchanges * (n + 1) / _SAMPLES:
            seconds = min(20, max(1, round(exchanges / _SAMPLES / stage.rate)))
            broken += stage.round(32, seconds, whole=False).broken
        sizes.append(resident(stage.pid))
        print(f"  {stage.exchanges - begun:8} exchanges: {sizes[-1] / 1024:.0f}")
    half = sizes[_SAMPLES // 2]
    print(f"  the second half grew by {(sizes[-1] - half) / 1024:.1f} MiB; {broken} answers later than 2 s")

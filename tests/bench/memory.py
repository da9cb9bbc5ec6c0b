"""Whether memory stays flat: resident size over many exchanges."""

from tests.bench.stage import Stage
from tests.bench.threads import resident

_SAMPLES = 10


def watch_memory(stage: Stage, exchanges: int) -> None:
    """Drive so many exchanges and print the resident memory after each tenth.

    What grows by design: the proofs seen in the last minutes, at most 400,000 of some 100 bytes.
    """
    print(f"\nmemory of `{stage.name}` over {exchanges} exchanges, MiB after each tenth")
    sizes = [resident(stage.pid)]
    begun = stage.exchanges
    for n in range(_SAMPLES):
        while stage.exchanges - begun < exchanges * (n + 1) / _SAMPLES:
            stage.round(32, min(20, max(1, round(exchanges / _SAMPLES / stage.rate))))
        sizes.append(resident(stage.pid))
    print("  " + " ".join(f"{size / 1024:.0f}" for size in sizes))
    half = sizes[_SAMPLES // 2]
    print(f"  the second half grew by {(sizes[-1] - half) / 1024:.1f} MiB")

"""How often the proofs are repeated, and from which seed: `make proof` asks for the full counts.

THREEKEYS_COUNTS=full   the full counts; otherwise a tenth of them, and never fewer than 15 a side
THREEKEYS_SEED=1234     the same choices again
"""

import os
import random

FULL = os.environ.get("THREEKEYS_COUNTS") == "full"
SEED = int(os.environ.get("THREEKEYS_SEED") or random.randrange(1_000_000))
os.environ["THREEKEYS_SEED"] = str(SEED)  # where several workers share the tests, all choose from one seed
LEAST = 15
TOLD: list[str] = []
"""What the proofs counted: printed at the end of the run, green or red (`tests/conftest.py`)."""


def count(full: int, least: int = LEAST) -> int:
    """How many of something of which the full proof wants `full`."""
    return full if FULL else max(full // 10, least)


def chance(*of: object) -> random.Random:
    """A source of choices for this part of this run."""
    return random.Random(f"{SEED} {of}")


def tell(text: str) -> None:
    """Have a count printed; at once too, where pytest does not capture."""
    print(f"\n{text}", flush=True)
    TOLD.append(text)

"""The proofs that this process has seen: a replay is refused before any work is done for it."""

from gateway.auth.dpop import LIFE


class SeenProofs:
    """Remembers keys for as long as a proof may be accepted, and at most `most` of them.

    Two generations: the older is dropped whole once the younger has stood for as long as a proof can live. Where more
    arrive than `most`, the older generation goes early: what the commit then finds is still refused there.
    """

    def __init__(self, most: int = 400_000) -> None:
        self._half = most // 2
        self._young: set[bytes] = set()
        self._old: set[bytes] = set()
        self._since = 0

    def first(self, once: bytes, now: int) -> bool:
        """Remember it; False where it was seen before. `now` in seconds."""
        if now - self._since > LIFE or len(self._young) >= self._half:
            self._old, self._young, self._since = self._young, set(), now
        if once in self._young or once in self._old:
            return False
        self._young.add(once)
        return True

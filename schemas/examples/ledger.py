"""Proofs of the ledger, and what an entry commits to."""

from typing import Any, Final

from schemas.examples import ids
from schemas.examples.exchanges import EVENT

_HASHES: Final = ["u3nRkqJ2hF0mWcY8sZb1xvPq7oTgL4eDa9iKfB5jN2E=", "Hq0Zt6sVw3yBx9rCnK1mUe7pLgJd5aFhRi2oTbXcYvI="]
INCLUDED: Final[dict[str, Any]] = {
    "leafIndex": 1201,
    "treeSize": 1204,
    "commitment": ids.COMMITMENT,
    "hashes": _HASHES,
    "checkpoint": ids.CHECKPOINT,
}
CONSISTENT: Final[dict[str, Any]] = {
    "oldSize": 1190,
    "newSize": 1204,
    "hashes": _HASHES,
    "checkpoint": ids.CHECKPOINT,
}
OPENING: Final[dict[str, Any]] = {"entryId": ids.ENTRY, "salt": ids.SALT, "event": EVENT}

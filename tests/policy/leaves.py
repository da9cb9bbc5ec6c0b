"""What a set of field paths means, said a second time and naively: over the concrete leaves of one record type."""

from collections.abc import Iterable

LEAVES: tuple[tuple[str, ...], ...] = (
    ("name",),
    ("address", "line"),
    ("address", "postcode"),
    ("address", "uprn", "value"),
    ("addressLine",),
    ("licence", "validUntil"),
    ("licence", "categories", "code"),
    ("licence", "categories", "validUntil"),
)
"""`addressLine` beside `address.line`: a prefix of letters is not a subtree."""

PATHS = tuple(sorted({".".join(leaf[:depth]) for leaf in LEAVES for depth in range(1, len(leaf) + 1)}))
"""Every path of the record type, inner and leaf."""


def leaves(paths: Iterable[str]) -> set[tuple[str, ...]]:
    """The leaves that the paths select."""
    heads = [tuple(path.split(".")) for path in paths]
    return {leaf for leaf in LEAVES for head in heads if leaf[: len(head)] == head}


def chosen_leaves(granted: Iterable[str], unchosen: Iterable[str]) -> set[tuple[str, ...]]:
    """The leaves that the person let go: walking down to each, the last word said on the way was yes."""
    yes, no = set(granted), set(unchosen)
    found = set()
    for leaf in LEAVES:
        said = False
        for depth in range(1, len(leaf) + 1):
            path = ".".join(leaf[:depth])
            said = path not in no and (path in yes or said)
        if said:
            found.add(leaf)
    return found

"""Field paths: dotted names; a name selects its subtree; lists are transparent; no wildcards."""

from collections.abc import Set
from functools import lru_cache

_KEPT = 1024
"""How many answers about sets of fields are kept: agreements, choices and requests name the same ones again."""


def covered(path: str, allowed: Set[str]) -> bool:
    """Whether `path`, or a name above it, is allowed. A path with an empty name (`a.`, `.a`, `a..b`) never is."""
    return nearest(path, allowed) is not None


def nearest(path: str, listed: Set[str]) -> str | None:
    """The longest of the `listed` paths that is `path` or a name above it; None where there is none."""
    if "." not in path:
        return path if path and path in listed else None
    if not all(path.split(".")):
        return None
    while path:
        if path in listed:
            return path
        path = path.rpartition(".")[0]
    return None


def chosen(path: str, granted: Set[str], unchosen: Set[str]) -> bool:
    """Whether all of `path`'s subtree was granted.

    The more specific of two choices holds, at the same path the refusal does, and an unchosen field lower down keeps
    the whole of `path` back: a permit cannot say "all but".
    """
    by = nearest(path, granted | unchosen) if unchosen else nearest(path, granted)
    if by is None or by in unchosen:
        return False
    below = path + "."
    return not any(name.startswith(below) for name in unchosen)


@lru_cache(_KEPT)
def in_order(paths: frozenset[str]) -> tuple[str, ...]:
    """The paths, sorted."""
    return tuple(sorted(paths))


@lru_cache(_KEPT)
def outside(paths: frozenset[str], allowed: frozenset[str]) -> tuple[str, ...]:
    """Those of the paths that are not covered, in order."""
    return tuple(path for path in in_order(paths) if not covered(path, allowed))


@lru_cache(_KEPT)
def held_back(paths: frozenset[str], granted: frozenset[str], unchosen: frozenset[str]) -> tuple[str, ...]:
    """Those of the paths that were not chosen, in order."""
    return tuple(path for path in in_order(paths) if not chosen(path, granted, unchosen))


@lru_cache(_KEPT)
def overlap(paths: frozenset[str], allowed: frozenset[str]) -> frozenset[str]:
    """The exact intersection of two sets of subtrees: the narrower path wherever one lies within the other."""
    return frozenset(p for p in paths if covered(p, allowed)) | frozenset(a for a in allowed if covered(a, paths))

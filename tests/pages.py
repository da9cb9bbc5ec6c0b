"""Pages that cannot lie: what a page of `docs/` tells the reader to type is typed, and what it shows must come out.

A fenced block says by its first line what it is:

```sh                         commands for the reader's terminal; they must succeed
```sh fails                   the same, and they must not
```sh terminal                for a terminal of its own, where it goes on running; awaited until it says "ready"
```sh elsewhere               shown here, run by another test, which `tests/test_docs.py` names
```text output, ```json output    what the block before it prints; … stands for anything, on a line of its own for
                              any lines
```yaml file=homes.yaml       a file that the reader writes
```yaml in=a.yaml instead-of="x: {}"   what the reader puts in the place of a line of a file

Any other block is an illustration.
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(r"^```(.*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its marks (`file=…`, `output`), its text, and the line where it begins."""

    language: str
    marks: dict[str, str]
    text: str
    line: int


def blocks(path: Path) -> list[Block]:
    """Every fenced block of a page, in order."""
    found: list[Block] = []
    head: list[str] | None = None
    lines: list[str] = []
    begun = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        fence = _FENCE.match(line)
        if fence is None:
            lines.append(line)
        elif head is None:
            head, lines, begun = shlex.split(fence[1]) or [""], [], number
        else:
            marks = {mark.partition("=")[0]: mark.partition("=")[2] for mark in head[1:]}
            found.append(Block(head[0], marks, "\n".join(lines), begun))
            head = None
    assert head is None, f"{path.name}: a block is never closed"
    return found


def commands(path: Path) -> list[Block]:
    """The blocks of commands, whoever runs them."""
    return [block for block in blocks(path) if block.language == "sh"]


def matches(shown: str, printed: str) -> bool:
    """Whether what was printed is what the page shows."""
    parts = []
    for line in shown.strip().splitlines():
        if line.strip() == "…":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            pieces = (re.escape(piece) for piece in line.rstrip().split("…"))
            parts.append(r"[^\n]*?".join(pieces) + r"[ ]*\n")
    tidy = "".join(line.rstrip() + "\n" for line in printed.strip().splitlines())
    return re.fullmatch("".join(parts), tidy) is not None

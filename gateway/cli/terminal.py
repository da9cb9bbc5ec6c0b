"""Lines for a terminal: as wide as it is, with no id, address or command broken in two."""

import shutil
import unicodedata
from collections.abc import Iterable, Iterator
from typing import Final

_MOST: Final = 100  # longer lines are hard to read
_UNKNOWN: Final = (80, 24)
_FURTHER_LEFT: Final = 4  # where a word stands that has no room beside its name


def width() -> int:
    """In columns: the terminal's, or what `COLUMNS` says, and 100 at most; 80 where nothing tells."""
    return min(shutil.get_terminal_size(_UNKNOWN).columns, _MOST)


def columns(text: str) -> int:
    """How many a terminal gives it: two to a wide letter (Unicode Standard Annex 11), none to a mark on a letter."""
    return sum(map(_columns, text))


def rows(named: Iterable[tuple[str, str]], name_columns: int) -> Iterator[str]:
    """A text a row, beside its name."""
    for name, text in named:
        yield from hanging(f"  {name}{' ' * (name_columns - columns(name))}  ", text)


def hanging(head: str, text: str) -> Iterator[str]:
    """A text beside its head, going on below itself. A word for which there is no room stands whole on a line of its
    own, further left; where it is longer than the terminal is wide, at its edge."""
    at = columns(head)
    room = width() - at
    for line in _wrapped(text, room):
        if columns(line) <= room:
            yield f"{head}{line}".rstrip()
        else:
            if head.strip():
                yield head.rstrip()
            yield own_line(line, min(at, _FURTHER_LEFT))
        head = " " * at


def own_line(text: str, indent: int = 2) -> str:
    """What is to be copied, such as a command: whole, whatever its length."""
    return f"{' ' * indent}{text}" if indent + columns(text) <= width() else text


def printable(text: str) -> str:
    """Another agency's words, without what could make a terminal show something else; any blank is a plain one."""
    plain = (" " if unicodedata.category(one) == "Zs" else one for one in text)
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in plain)


def _wrapped(text: str, room: int) -> list[str]:
    lines = [""]
    for word in text.split():
        blank = " "
        for piece in _pieces(word):
            longer = f"{lines[-1]}{blank}{piece}" if lines[-1] else piece
            if lines[-1] and columns(longer) > room:
                lines.append(piece)
            else:
                lines[-1] = longer
            blank = ""
    return lines


def _pieces(word: str) -> Iterator[str]:
    """What of a word stays together: all of it, but a script in wide letters, which knows no blanks, breaks at each.
    Only a mark of punctuation stays with the letter that it belongs to."""
    begun = 0
    for at in range(1, len(word)):
        before, after = word[at - 1], word[at]
        opens, closes = unicodedata.category(before) == "Ps", unicodedata.category(after) in ("Pe", "Po")
        if _columns(before) == _columns(after) == 2 and not opens and not closes:
            yield word[begun:at]
            begun = at
    yield word[begun:]


def _columns(letter: str) -> int:
    if unicodedata.category(letter) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1

"""Numbers of things, as somebody says them."""

from collections.abc import Sequence

_MOST = 20


def count(number: int, one: str, more: str = "") -> str:
    """`1 checkpoint`, `2 checkpoints`; `more` where the plural is not made by an s."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def ranges(numbers: Sequence[int]) -> str:
    """Of ascending numbers of entries: `entries 3, 7 to 9 and 12`; of many the first, and that there are more."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    said = [str(first) if first == last else f"{first} to {last}" for first, last in runs[:_MOST]]
    if len(runs) > _MOST:
        said.append("more after them")
    head, tail = said[:-1], said[-1]
    word = "entry" if len(numbers) == 1 else "entries"
    return f"{word} {', '.join(head)} and {tail}" if head else f"{word} {tail}"

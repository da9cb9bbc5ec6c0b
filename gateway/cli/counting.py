"""A number of things, as somebody says it."""


def count(number: int, one: str, more: str = "") -> str:
    """`1 checkpoint`, `2 checkpoints`; `more` where the plural is not made by an s."""
    return f"{number} {one if number == 1 else more or one + 's'}"

"""What travels between a gateway and its committing process: intents one way, outcomes the other.

Both are the same program and talk over a socket that nobody else has, so values travel pickled. A dataclass or named
tuple travels as its class and its fields, which is a third of the work of pickle's own way; an exception as its
class, its arguments and its attributes, those that can, and the frames that it came through.
"""

import dataclasses
import io
import pickle
import traceback
from collections.abc import Callable
from operator import attrgetter
from typing import Any

_Reducer = Callable[[Any], Any]


class Elsewhere(Exception):
    """Stands for what cannot travel, by the name of its class; an error's frames stand beside."""


class _Reducers(dict[type, _Reducer]):
    """By class, made when one is first met; a KeyError for what is left to pickle's own way."""

    def __init__(self) -> None:
        super().__init__()
        self._left: set[type] = set()

    def __missing__(self, kind: type) -> _Reducer:
        found = None if kind in self._left else _reducer(kind)
        if found is None:
            self._left.add(kind)
            raise KeyError(kind)
        self[kind] = found
        return found


def _reducer(kind: type) -> _Reducer | None:
    if issubclass(kind, BaseException):
        return _thrown
    if dataclasses.is_dataclass(kind) and "__reduce__" not in vars(kind):
        fields = dataclasses.fields(kind)
        if all(one.init and not one.kw_only for one in fields):
            return _by_fields(kind, [one.name for one in fields])
    if issubclass(kind, tuple) and hasattr(kind, "_fields"):
        return lambda value: (kind, tuple(value))
    return None


def _by_fields(kind: type, names: list[str]) -> _Reducer:
    if len(names) < 2:
        return lambda value: (kind, tuple(getattr(value, name) for name in names))
    fields = attrgetter(*names)
    return lambda value: (kind, fields(value))


def _thrown(error: BaseException) -> Any:
    frames = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    attributes = {name: value for name, value in vars(error).items() if travels(value)}
    attributes["frames_elsewhere"] = frames
    arguments = tuple(one for one in error.args if travels(one))
    try:
        _raised_again(type(error), arguments, attributes)
        pack(type(error))
    except Exception:
        return _raised_again, (Elsewhere, (type(error).__name__,), {"frames_elsewhere": frames})
    return _raised_again, (type(error), arguments, attributes)


def travels(value: object) -> bool:
    """Whether it arrives: a driver's error, say, may hold the connection that it came by."""
    try:
        unpack(pack(value))
    except Exception:
        return False
    return True


def _raised_again(kind: type[BaseException], arguments: tuple[Any, ...], attributes: dict[str, Any]) -> BaseException:
    """Without its `__init__`, which may take other arguments than those that it kept."""
    error = kind.__new__(kind, *arguments)
    error.__dict__.update(attributes)
    return error


_REDUCERS = _Reducers()


def pack(value: object) -> bytes:
    """To bytes. Whatever pickle raises for a value that cannot travel."""
    out = io.BytesIO()
    pickler = pickle.Pickler(out, protocol=5)
    pickler.dispatch_table = _REDUCERS
    pickler.dump(value)
    return out.getvalue()


def unpack(data: bytes | bytearray | memoryview) -> Any:
    """The value again. Of what this program packed itself, and of nothing else."""
    return pickle.loads(data)  # noqa: S301 - the socket that it came by is ours alone

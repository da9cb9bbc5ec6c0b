"""Kinds of adapters, found by their entry points (`threekeys.adapters`), whoever wrote them.

Installed does not mean trusted: a class is imported only when a configuration names its kind, and two distributions
that claim one kind are refused rather than ordered.
"""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from inspect import iscoroutinefunction
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from adapters.base import Adapter, Offer, Offers
from adapters.errors import Misconfigured
from schemas.members import unknown_setting

GROUP: Final = "threekeys.adapters"

__all__ = ["GROUP", "build", "kinds", "load", "offer_of"]


def kinds() -> list[str]:
    """The kinds that are installed, by name."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def load(kind: str) -> type[Adapter]:
    """The class of a kind. Raises `Misconfigured`, which names the kinds there are."""
    found = {point.value: point for point in entry_points(group=GROUP, name=kind)}
    if not found:
        known = ", ".join(kinds()) or "none"
        raise Misconfigured(f"no adapter of the kind {kind!r} is installed; installed are: {known}")
    if len(found) > 1:
        raise Misconfigured(f"the adapter kind {kind!r} is claimed twice: {', '.join(sorted(found))}; uninstall one")
    (point,) = found.values()
    return _checked(kind, point)


def build(kind: str, settings: Mapping[str, Any]) -> Adapter:
    """An adapter of a kind, inside a running event loop. Raises `Misconfigured`, which names each key to mend."""
    adapter_class = load(kind)
    checked = _settings(kind, adapter_class, settings)
    make: Any = adapter_class  # a protocol says nothing of its constructor; base.py does
    adapter: Adapter = make(checked)
    return adapter


def offer_of(kind: str, settings: Mapping[str, Any]) -> Offer | None:
    """What an adapter of a kind offers with these settings; None where it cannot say. Raises `Misconfigured`."""
    adapter_class = load(kind)
    checked = _settings(kind, adapter_class, settings)
    return adapter_class.offer(checked) if isinstance(adapter_class, Offers) else None


def faults(error: ValidationError, settings: type[BaseModel]) -> str:
    """Every fault as `key: what is wrong`, in the words of the configuration; never the value: it may be a secret."""
    said = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        # Tags of a union stand in parentheses: they are ours, and no key of the configuration.
        path = ".".join(str(part) for part in fault["loc"] if not str(part).startswith("("))
        message = fault["msg"].removeprefix("Value error, ")
        if fault["type"] in ("tuple_type", "list_type"):
            message = "a list is expected, e.g. [a, b]"
        if fault["type"] == "extra_forbidden":
            message = unknown_setting(settings, fault["loc"])
        said.append(f"{path}: {message}" if path else message)
    return "; ".join(said)


def _settings(kind: str, adapter_class: type[Adapter], settings: Mapping[str, Any]) -> BaseModel:
    try:
        return adapter_class.Settings.model_validate(settings)
    except ValidationError as error:
        raise Misconfigured(f"the settings of a {kind} adapter: {faults(error, adapter_class.Settings)}") from None


def _checked(kind: str, point: EntryPoint) -> type[Adapter]:
    try:
        found = point.load()
    except Exception as error:  # whatever a foreign module does when it is imported
        raise Misconfigured(
            f"the adapter kind {kind!r} ({point.value}) cannot be imported: {type(error).__name__}: {error}"
        ) from error
    settings = getattr(found, "Settings", None)
    if not (isinstance(settings, type) and issubclass(settings, BaseModel)):
        raise Misconfigured(f"the adapter kind {kind!r} ({point.value}) has no `Settings`, a Pydantic model")
    for verb in ("fetch", "aclose"):
        if not iscoroutinefunction(getattr(found, verb, None)):
            raise Misconfigured(f"the adapter kind {kind!r} ({point.value}) has no `async def {verb}`")
    adapter_class: type[Adapter] = found
    return adapter_class

"""Values that travel between a gateway and its committing process arrive as they were."""

import enum
import threading
from dataclasses import dataclass, field

import pytest
from pydantic import BaseModel, ValidationError

from gateway.db.parcels import Elsewhere, pack, unpack
from gateway.errors import Conflict, Refused
from gateway.telemetry.log import where


class Colour(enum.Enum):
    RED = 1


@dataclass(frozen=True, slots=True)
class Leaf:
    name: str


@dataclass(frozen=True, slots=True)
class Tree:
    """Two fields and more are read at once."""

    leaf: Leaf
    colour: Colour
    kind: type[Leaf] = Leaf
    more: frozenset[str] = frozenset({"a"})


@dataclass
class Kept:
    """One that makes a field by itself."""

    name: str
    seen: list[str] = field(init=False, default_factory=list)


@dataclass(kw_only=True)
class Named:
    name: str
    other: int = 2


@dataclass
class Nothing:
    pass


class Awkward(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")
        self.sum = one + two


@pytest.mark.parametrize("value", [Leaf("x"), Tree(Leaf("x"), Colour.RED), Named(name="n"), Nothing(), Colour, len])
def test_values_arrive(value: object) -> None:
    assert unpack(pack(value)) == value


def test_a_field_that_no_argument_sets_arrives_too() -> None:
    kept = Kept("x")
    kept.seen.append("y")
    assert unpack(pack(kept)) == kept


def test_what_is_shared_stays_shared() -> None:
    leaf = Leaf("x")
    one, other = unpack(pack([leaf, leaf]))
    assert one is other


def test_errors_arrive_whole_whatever_their_constructor_takes() -> None:
    awkward = unpack(pack(Awkward(1, 2)))
    assert (type(awkward), str(awkward), awkward.sum) == (Awkward, "1 and 2", 3)
    conflict = unpack(pack(Conflict("it is so", headers={"Retry-After": "1"}, status="x")))
    assert (conflict.detail, conflict.headers, conflict.members) == (
        "it is so",
        {"Retry-After": "1"},
        {"status": "x"},
    )
    refused = unpack(pack(Refused([{"code": "a"}], code="a", status=429, title="t")))
    assert (refused.code, refused.status, refused.title, refused.members) == (
        "a",
        429,
        "t",
        {"reasons": [{"code": "a"}]},
    )


def test_what_of_an_error_cannot_travel_stays_behind() -> None:
    error = ValueError("text", threading.Lock())
    error.lock, error.name = threading.Lock(), "n"  # type: ignore[attr-defined]
    travelled = unpack(pack(error))
    assert travelled.args == ("text",)
    assert travelled.name == "n"
    assert not hasattr(travelled, "lock")


class Shy(Exception):
    def __new__(cls, one: int) -> "Shy":
        return super().__new__(cls)

    def __init__(self, one: int) -> None:
        super().__init__()


def test_an_error_that_cannot_be_made_again_is_told_by_its_name() -> None:
    class Local(Exception):
        pass

    class Model(BaseModel):
        number: int

    with pytest.raises(ValidationError) as raised:
        Model.model_validate({})
    for error in (raised.value, Shy(1), Local()):
        travelled = unpack(pack(error))
        assert (type(travelled), travelled.args) == (Elsewhere, (type(error).__name__,))
        assert isinstance(travelled.frames_elsewhere, list)


def test_the_log_says_where_an_error_was_raised_in_the_other_process() -> None:
    def deep() -> None:
        raise ValueError

    try:
        deep()
    except ValueError as error:
        travelled = unpack(pack(error))
    try:
        raise travelled
    except ValueError as error:
        frames = where(error)["frames"]
    assert frames[0].endswith("test_the_log_says_where_an_error_was_raised_in_the_other_process")
    assert frames[-1].endswith(" deep")

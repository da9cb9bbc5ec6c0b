"""The base of every model that crosses a wire: camelCase outside, snake_case inside, strict in what it takes."""

from typing import Any

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel


class WireModel(BaseModel):
    """A frozen model with camelCase names on the wire; unknown members, NaN and infinity are refused.

    What is validated is taken as it was sent: by the names of the wire alone, and with no type of JSON read as
    another (`true` is no 1, `"7"` no 7). Our own code builds a model by the names of its attributes.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        str_strip_whitespace=False,
        use_attribute_docstrings=True,
    )

    def __init__(self, /, **data: Any) -> None:
        self.__pydantic_validator__.validate_python(data, self_instance=self, by_name=True)

    # What BaseModel's own says: validating a model need not come this way, and so takes no attribute's name.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]  # no attribute that functions declare


# Only after the class: pydantic's plugin for mypy types a constructor by its attributes where it reads `True` above.
WireModel.model_config["validate_by_name"] = False


def shown(*examples: dict[str, Any], **more: JsonValue) -> ConfigDict:
    """The configuration of a model whose schema carries these examples, JSON-ready, and whatever else is given."""
    return ConfigDict(json_schema_extra={"examples": list(examples), **more})

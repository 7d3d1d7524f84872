"""What every section of a config is made of: the base model, the scalar types, the scalar shorthand.

The scalar types are strict, because YAML has types of its own: the text '5' is not the number 5 and `true` is not 1.
A float that is a whole number is accepted as an integer (`epochs: 1e3`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Strict
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

LARGEST_INTEGER = 2**53  # beyond it a float no longer holds every integer


class Section(BaseModel):
    """A part of the config: immutable, and closed to keys that it does not know."""

    # Built on first use: a command that reads no config does not pay for 80 validators.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def model_post_init(self, context: Any, /) -> None:
        # A section made in Python names its type by its class; a dump of what was set must still say it.
        if "type" in type(self).model_fields:
            self.model_fields_set.add("type")


def mistake(
    message: str, *, at: tuple[str | int, ...] = (), hint: str | None = None, conflict: bool = False
) -> PydanticCustomError:
    """Return the error that a validator raises; its text is what follows the dotted path ('must be …').

    Args:
        message: predicate whose subject is the setting.
        at: path of the setting to blame, from the value that is validated.
        hint: what to do about it.
        conflict: the value is fine by itself and contradicts another setting of the same section.
    """
    context = {"message": message, "at": at, "hint": hint, "conflict": conflict}
    return PydanticCustomError("nntrain", "{message}", context)


class Says:
    """Describes an annotation in words, for messages and the reference: Says("a column name", "a list of names")."""

    def __init__(self, *words: str) -> None:
        self.words = words


def shape_of(value: Any) -> str:
    """Return what a YAML value looks like; unions whose members look different are told apart by it."""
    match value:
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list() | tuple():
            return "list"
        case Mapping() | BaseModel():
            return "mapping"
        case _:
            return "null"


BY_SHAPE = Discriminator(shape_of)


@dataclass(frozen=True, slots=True)
class Shorthand:
    """Lets a bare word stand for a section of that type: `optimizer: sgd` is `optimizer: {type: sgd}`.

    Args:
        words: the words that mean themselves, such as auto.
        from_keys: keys that give the type away where `type` is left out (`initializer: {values: …}`).
    """

    words: tuple[str, ...] = ()
    from_keys: tuple[str, ...] = ()

    def expand(self, value: Any) -> Any:
        """Return the long form of a value as the file has it."""
        if isinstance(value, str) and value not in self.words:
            return {"type": value}
        if isinstance(value, dict) and "type" not in value:
            for key in self.from_keys:
                if key in value:
                    return {"type": key, **value}
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.expand, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"anyOf": [{"$shorthand": True}, handler(schema)]}  # schema.py writes the words in


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) > LARGEST_INTEGER:
        raise mistake(f"must be at most {LARGEST_INTEGER}, got {value:.3g}")
    return value


WHOLE = BeforeValidator(_whole)

Text = Annotated[str, Strict(), Field(min_length=1)]
Flag = Annotated[bool, Strict()]
Natural = Annotated[int, Strict(), Field(ge=0), WHOLE]
Count = Annotated[int, Strict(), Field(ge=1), WHOLE]
Number = Annotated[float, Strict(), Field(allow_inf_nan=False)]
Positive = Annotated[Number, Field(gt=0)]
NonNegative = Annotated[Number, Field(ge=0)]
Fraction = Annotated[Number, Field(ge=0, lt=1)]
Auto = Literal["auto"]

"""What may take several forms: sections told apart by their `type`, and values told apart by what they look like.

- `Annotated[SgdConfig | AdamConfig, BY_TYPE, Shorthand()]`: `{type: sgd, momentum: 0.9}`, or `sgd`.
- `Annotated[Count | Auto, BY_SHAPE]`: `16`, or `auto`.
- `Annotated[AnyLoss | Auto, BY_SHAPE, Shorthand(words=("auto",))]`: `{type: huber}`, or `huber`, or `auto`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, Field
from pydantic.annotated_handlers import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import core_schema

BY_TYPE = Field(discriminator="type")
"""Marks a union of sections, each of which has the literal field `type`."""

SHORT_FORM = "$short"
"""The key of a `Shorthand` in the schema that pydantic makes."""

_SHAPES = {bool: "boolean", int: "number", float: "number", str: "text", tuple: "list", dict: "mapping"}


def shape_of(value: Any) -> str:
    """What a YAML value looks like; the members of a union BY_SHAPE are told apart by it."""
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


def shape_taken(annotation: Any) -> str:
    """What the values of an annotation look like; of a union of sections, those of its first."""
    if get_origin(annotation) is Annotated:
        return shape_taken(get_args(annotation)[0])
    if get_origin(annotation) is Literal:
        return shape_of(get_args(annotation)[0])
    kind = get_origin(annotation) or annotation
    if kind in _SHAPES:
        return _SHAPES[kind]
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "mapping"
    return shape_taken(get_args(annotation)[0])


class _ByShape:
    """Lets pydantic look at the one member of a union whose values look like the given one, and speak of it alone."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        members = get_args(source)
        choices = {shape_taken(member): handler.generate_schema(member) for member in members}
        if len(choices) < len(members):
            raise TypeError(f"some members of {source} look alike")
        return core_schema.tagged_union_schema(choices, discriminator=shape_of)


BY_SHAPE = _ByShape()
"""Marks a union whose members look different: a number, a text, a boolean, a list, a mapping.

It stands first behind the union.
"""


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
        """The long form of a value as the file has it."""
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
        # schema.py writes the words in, and knows by the keys which types may be left out.
        return {"anyOf": [{SHORT_FORM: list(self.from_keys)}, handler(schema)]}

"""What every section of a config is made of: the base model, and the two words that a section has for its reader."""

from typing import Any

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

REFUSED = "refused"
"""The type that pydantic gives an error made by `refusal`."""


class Section(BaseModel):
    """A part of the config: immutable, and closed to keys that it does not know."""

    # Built on first use: a command that reads no config does not pay for 80 validators.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    def model_post_init(self, context: Any, /) -> None:
        # A section made in Python names its type by its class; a dump of what was set must still say it.
        if "type" in type(self).model_fields:
            self.model_fields_set.add("type")


def refusal(
    message: str, *, at: tuple[str | int, ...] = (), hint: str | None = None, conflict: bool = False
) -> PydanticCustomError:
    """The error that a validator raises; its text is what follows the dotted path ('must be …').

    Args:
        message: predicate whose subject is the setting.
        at: path of the setting to blame, from the value that is validated.
        hint: what to do about it.
        conflict: the value is fine by itself and contradicts another setting of the same section.
    """
    context = {"message": message, "at": at, "hint": hint, "conflict": conflict}
    return PydanticCustomError(REFUSED, "{message}", context)


class Says:
    """Describes an annotation in words, for messages and the reference: Says("a column name", "a list of names")."""

    def __init__(self, *words: str) -> None:
        self.words = words

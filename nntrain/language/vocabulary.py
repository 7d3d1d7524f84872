"""What the language is told of a root model, beside the model itself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from nntrain.language.anatomy import default_of
from nntrain.language.section import Section
from nntrain.language.suggest import Aliases

Root = TypeVar("Root", bound=Section)


@dataclass(frozen=True)
class Vocabulary(Generic[Root]):
    """What a config may say, and what helps with a mistake in it.

    Attributes:
        root: the model of a whole config.
        aliases: what others call its keys, types and words.
        examples: what the hint shows where a section is missing, by its name.
        several: the hint for a list of numbers where one is wanted; None for what may be there otherwise.
        override: an override that makes sense, for the hint where one is not `path=value`.
        stand_ins: required sections that take the place of missing or wrong ones, so that the rest can be checked.
        checker: the command line that checks a config.
    """

    root: type[Root]
    aliases: Aliases = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    several: str | None = None
    override: str = "path=value"
    stand_ins: Mapping[str, Any] = field(default_factory=dict)
    checker: str = "check"

    @property
    def required(self) -> list[str]:
        """The names of the sections that must be given."""
        return [name for name in self.root.model_fields if default_of(self.root, name) is ...]

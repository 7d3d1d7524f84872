"""A vocabulary that has nothing to do with networks: what is cooked for how many guests."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nntrain.language.anatomy import dotted
from nntrain.language.diagnostics import Text
from nntrain.language.load import Document, parse
from nntrain.language.migrate import Edit
from nntrain.language.mistake import Mistake
from nntrain.language.overrides import apply, from_argument
from nntrain.language.section import Says, Section, refusal
from nntrain.language.unions import BY_SHAPE, BY_TYPE, Shorthand
from nntrain.language.validate import checked
from nntrain.language.values import Auto, Count, Flag, Fraction, NonEmpty, Number
from nntrain.language.vocabulary import Vocabulary


class Hot:
    """Marks a setting that burns."""


class Oven(Section):
    """Heat from all sides."""

    type: Literal["oven"] = "oven"
    degrees: Annotated[Count, Hot()] = Field(default=180, description="How hot it is.")
    fan: Flag = Field(default=False, description="Whether the air moves.")


class Pan(Section):
    """Heat from below."""

    type: Literal["pan"] = "pan"
    oil: Annotated[Fraction, Hot()] = Field(default=0.1, description="Share of oil.")
    span: Annotated[tuple[Number, ...], Says("a list of two numbers")] = Field(default=(0.0, 1.0), description="Heat.")

    @model_validator(mode="after")
    def _two(self) -> Self:
        if len(self.span) != 2:
            raise refusal(f"must have two numbers, got {len(self.span)}", at=("span",), hint="write [0, 1]")
        return self


class Given(Section):
    """A temperature that is given. `type` may be left out."""

    type: Literal["value"] = "value"
    value: Number = Field(description="It.")


Heat = Annotated[Oven | Pan | Given, BY_TYPE, Shorthand(from_keys=("value",))]


class Dish(Section):
    """What is put on a plate."""

    name: NonEmpty | None = Field(default=None, description="What it is called.")
    heat: Heat = Field(default_factory=Oven, description="Where it gets its heat from.")
    minutes: Annotated[Count | Auto, BY_SHAPE] = Field(default="auto", description="How long it takes.")


class Menu(Section):
    """A dinner."""

    version: Literal[2] = Field(default=2, description="Version of the language.")
    guests: Count = Field(description="How many come.")
    dishes: Annotated[tuple[Dish, ...], Field(min_length=1), Says("a list of dishes")] = Field(
        description="What is served, in order."
    )
    drinks: Annotated[tuple[NonEmpty, ...] | Literal["water"], BY_SHAPE] = Field(
        default="water", description="What is poured."
    )
    plates: Count | None = Field(default=None, description="How many plates there are.")
    notes: Annotated[dict[NonEmpty, Number], Says("a mapping of name to number")] = Field(
        default_factory=dict, description="Anything."
    )


VOCABULARY = Vocabulary(
    root=Menu,
    aliases={"people": "guests", "courses": "dishes"},
    examples={"guests": "for example guests: 4"},
    several="cook several dishes",
    override="guests=4",
    stand_ins={"guests": 1, "dishes": [{}]},
    checker="menu check",
)
MENU = """\
guests: 4
dishes:
  - {name: soup, heat: pan}
  - name: cake
    heat: {type: oven, degrees: 200}
"""


def check(menu: Menu) -> list[Mistake]:
    """Mistakes between the sections of a menu."""
    if menu.plates is None or menu.plates >= menu.guests * len(menu.dishes):
        return []
    return [Mistake(("plates",), f"plates is {menu.plates}, too few", "cook less", involves=(("guests",), ("dishes",)))]


def read(text: str, *overrides: str) -> Document:
    """The document of `menu.yaml` with overrides."""
    document = parse(Text("menu.yaml", text))
    return apply(document, [from_argument(each, VOCABULARY) for each in overrides], VOCABULARY)


def load(text: str = MENU, *overrides: str) -> Menu:
    """The menu in a text with overrides. Raises ConfigError."""
    return checked(read(text, *overrides), VOCABULARY, check)


def people_to_guests(document: Document) -> list[Edit]:
    """The step from version 1 to version 2."""
    return [
        Edit(place, "guests", f"renamed {dotted(path)} to guests")
        for path, place in document.keys.items()
        if path == ("people",)
    ]


def write(folder: Path, text: str) -> Path:
    """A file with a text."""
    path = folder / "menu.yaml"
    path.write_bytes(text.encode())
    return path

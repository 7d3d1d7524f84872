"""What every layer of the `network` section has."""

from typing import Annotated

from pydantic import Field

from nntrain.language.section import Says, Section

LAYER_NAME = r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$"


class LayerSection(Section):
    """What every layer has."""

    name: Annotated[str, Field(pattern=LAYER_NAME), Says("a word of letters, digits, _ and -")] | None = Field(
        default=None,
        description="Name of the layer, for paths (`network.hidden.units`) and reports; default: its position.",
    )

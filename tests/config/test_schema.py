"""The JSON Schema: what an editor offers, and what it lets pass."""

import json

import pytest

from nntrain.config import Config, json_schema
from nntrain.language.anatomy import type_names
from nntrain.language.section import Section
from tests.config.listed import OPTIMIZERS

SCHEMA = json_schema()
DEFINITIONS = SCHEMA["$defs"]


def test_it_is_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


def test_every_section_of_the_config_is_in_it() -> None:
    assert list(SCHEMA["properties"]) == list(Config.model_fields)
    assert SCHEMA["required"] == ["data", "network"]
    assert SCHEMA["additionalProperties"] is False


@pytest.mark.parametrize("name", DEFINITIONS)
def test_every_section_is_closed_and_described(name: str) -> None:
    definition = DEFINITIONS[name]
    assert definition["additionalProperties"] is False
    assert definition["description"]
    for key, field in definition["properties"].items():
        assert key == "type" or field["description"]


@pytest.mark.parametrize("name", DEFINITIONS)
def test_the_type_of_a_section_must_be_given(name: str) -> None:
    definition = DEFINITIONS[name]
    if "type" in definition["properties"] and name != "ValuesConfig":
        assert "type" in definition["required"]


def test_bare_words_are_allowed() -> None:
    words, long_form = SCHEMA["properties"]["optimizer"]["anyOf"]
    assert words == {"enum": OPTIMIZERS.split(", ")}
    assert {"$ref": "#/$defs/AdamConfig"} in long_form["oneOf"]
    assert "xor" in DEFINITIONS["DataConfig"]["properties"]["synthetic"]["anyOf"][0]["enum"]


def test_bounds_are_in_it() -> None:
    rate = DEFINITIONS["DropoutConfig"]["properties"]["rate"]
    assert (rate["minimum"], rate["exclusiveMaximum"]) == (0, 1)


def test_short_distributions_are_allowed() -> None:
    text = json.dumps(DEFINITIONS["SearchConfig"]["properties"]["space"])
    assert '"required": ["log_uniform"]' in text


def sections(model: type[Section]) -> list[type[Section]]:
    return [model, *(inner for each in model.__subclasses__() for inner in sections(each))]


def test_every_field_of_every_section_is_described() -> None:
    for model in sections(Section):
        assert model.__doc__ or model.__name__.startswith("_")
        for name, field in model.model_fields.items():
            assert field.description or (name == "type" and len(type_names(model)) == 1), (model, name)

"""Resolved configs load again to what they were."""

from typing import Any

from hypothesis import assume, given, settings
from pydantic import ValidationError

from nntrain.config import Config, resolved_yaml
from nntrain.language.diagnostics import Text
from nntrain.language.dump import flow
from nntrain.language.load import parse
from tests.config.conftest import Load
from tests.config.strategies import PLAIN, configs

RESOLVED = """\
# The resolved experiment: every default is written out. `nntrain fit` on this file repeats it.

version: 1
name: '012'
seed: 0
dtype: float32
"""

NETWORK = """\
network:
- type: dense
  name: out
  units: 2
  activation: {type: softmax}
  initializer:
    type: values
    values: [[0.15, 0.2], [0.25, 1.0e-07]]
  bias: true
  bias_initializer: {type: zeros}
loss: auto
"""


def test_every_default_is_written_out(load: Load) -> None:
    text = resolved_yaml(
        load(
            "data: {synthetic: xor}\nname: '012'\n"
            "network: [{type: dense, name: out, units: 2, activation: softmax, "
            "initializer: {values: [[0.15, 0.2], [0.25, 1e-7]]}}]\n"
        ).config
    )
    assert text.startswith(RESOLVED)
    assert NETWORK in text
    assert "optimizer:\n  type: adam\n  learning_rate: 0.001\n" in text


def test_the_sections_are_in_the_order_of_the_reference(load: Load) -> None:
    lines = resolved_yaml(load().config).splitlines()
    keys = [line.partition(":")[0] for line in lines if line and line[0].isalpha()]
    assert keys == list(Config.model_fields)


@given(data=configs())
@settings(max_examples=150, deadline=None)
def test_any_config_loads_again_to_an_equal_one(data: dict[str, Any]) -> None:
    try:
        config = Config.model_validate(data)
    except ValidationError:
        assume(False)
    document = parse(Text("a.yaml", resolved_yaml(config)))
    assert document.problems == ()
    again = Config.model_validate(document.data)
    assert again == config
    assert resolved_yaml(again) == resolved_yaml(config)


@given(data=configs())
@settings(max_examples=100, deadline=None)
def test_what_was_set_is_enough_to_make_a_config_again(data: dict[str, Any]) -> None:
    try:
        config = Config.model_validate(data)
    except ValidationError:
        assume(False)
    assert Config.model_validate(config.model_dump(exclude_unset=True)) == config


@given(data=PLAIN)
@settings(max_examples=200, deadline=None)
def test_flow_is_one_line_that_is_read_back(data: Any) -> None:
    text = flow(data)
    assert "\n" not in text
    document = parse(Text("", text))
    assume(document.problems == ())
    assert repr(document.data) == repr(data)

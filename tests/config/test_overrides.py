"""Settings changed by `--set`."""

import pytest

from nntrain.config.loss import HuberConfig
from nntrain.config.optimizer import AdamConfig, SgdConfig
from nntrain.config.training import EarlyStoppingConfig
from tests.config.conftest import Errors, Load
from tests.config.listed import OPTIMIZERS

TEXT = """\
data: {synthetic: moons}
network:
  - {type: dense, name: hidden, units: 4}
  - {type: dense, name: out, units: auto, activation: auto}
optimizer: {type: adam, learning_rate: 0.01, beta1: 0.8}
"""


def test_one_value(load: Load) -> None:
    assert load(TEXT, "optimizer.learning_rate=1e-1").config.optimizer == AdamConfig(learning_rate=0.1, beta1=0.8)


def test_a_layer_goes_by_its_position_or_its_name(load: Load) -> None:
    for path in ("network.0.units", "network.hidden.units"):
        assert load(TEXT, f"{path}=8").config.model_dump()["network"][0]["units"] == 8


def test_a_bare_type_replaces_the_section(load: Load) -> None:
    assert load(TEXT, "optimizer=sgd").config.optimizer == SgdConfig()


def test_a_mapping_replaces_the_section(load: Load) -> None:
    assert load(TEXT, "optimizer={type: sgd, momentum: 0.9}").config.optimizer == SgdConfig(momentum=0.9)


def test_a_type_keeps_the_other_settings(load: Load, errors: Errors) -> None:
    text = TEXT.replace(", beta1: 0.8", "")
    assert load(text, "optimizer.type=sgd").config.optimizer == SgdConfig(learning_rate=0.01)
    assert errors(TEXT, "optimizer.type=sgd") == (
        "a.yaml:5:46: unknown key 'beta1' in optimizer (sgd)\n"
        "    5 | optimizer: {type: adam, learning_rate: 0.01, beta1: 0.8}\n"
        "      |                                              ^^^^^ 'beta1' is a setting of adam, adamw\n"
        "1 error in a.yaml, with --set optimizer.type=sgd"
    )


def test_a_section_that_is_absent_is_made_of_its_default_type(load: Load) -> None:
    text = TEXT.replace("optimizer", "# optimizer")
    assert load(text, "optimizer.beta2=0.5").config.optimizer == AdamConfig(beta2=0.5)
    assert load(text, "regularization.l2=1").config.regularization.l2 == 1


def test_a_section_inside_a_layer_is_made_of_its_default_type(load: Load) -> None:
    layer = load(TEXT, "network.hidden.initializer.gain=2").config.model_dump()["network"][0]
    assert layer["initializer"] == {"type": "glorot_uniform", "gain": 2.0}


def test_a_short_form_is_written_out(load: Load) -> None:
    text = TEXT + "loss: huber\n"
    assert load(text, "loss.delta=2").config.loss == HuberConfig(delta=2)


@pytest.mark.parametrize("before", ["null", "auto", "{monitor: training.loss}"])
def test_a_section_that_was_no_mapping_becomes_one(load: Load, before: str) -> None:
    stopping = load(f"{TEXT}early_stopping: {before}\n", "early_stopping.patience=3").config.early_stopping
    assert isinstance(stopping, EarlyStoppingConfig)
    assert stopping.patience == 3


def test_nothing_is_null(load: Load) -> None:
    assert load(TEXT, "early_stopping=").config.early_stopping is None
    assert load(TEXT, "early_stopping=null").config.early_stopping is None


def test_values_are_yaml(load: Load) -> None:
    assert load(TEXT, "name='12'").config.name == "12"
    assert load(TEXT, "metrics=[accuracy, f1]").config.metrics == ("accuracy", "f1")
    assert load(TEXT, "name=a-b").config.name == "a-b"


def test_later_ones_win(load: Load) -> None:
    assert load(TEXT, "seed=1", "seed=2").config.seed == 2


def test_order_does_not_matter_between_a_type_and_its_settings(load: Load) -> None:
    text = TEXT.replace(", beta1: 0.8", "")
    for overrides in (
        ["optimizer.type=sgd", "optimizer.momentum=0.5"],
        ["optimizer.momentum=0.5", "optimizer.type=sgd"],
    ):
        assert load(text, *overrides).config.optimizer == SgdConfig(learning_rate=0.01, momentum=0.5)


def test_paths_in_the_search_space_keep_their_dots(load: Load) -> None:
    search = load(TEXT, "search.space.optimizer.learning_rate=[0.1, 0.2]").config.search
    assert search is not None
    assert search.space == {"optimizer.learning_rate": (0.1, 0.2)}


# override → what is said about it, and the caret with its hint
MISTAKES = {
    "optimizer.learning_rat=0.1": (
        "unknown key 'learning_rat' in optimizer (adam)",
        "                ^^^^^^^^^^^^ did you mean 'learning_rate'?",
    ),
    "optimiser.learning_rate=0.1": (
        "unknown key 'optimiser' at the top level",
        "      ^^^^^^^^^ did you mean 'optimizer'?",
    ),
    "optimizer.learning_rate=fast": (
        "optimizer.learning_rate must be a number, got 'fast'",
        "                              ^^^^",
    ),
    "optimizer.learning_rate=-1": (
        "optimizer.learning_rate must be above 0, got -1",
        "                              ^^",
    ),
    "optimizer=sdg": (
        "unknown type 'sdg' in optimizer",
        f"                ^^^ did you mean 'sgd'?\n      | types: {OPTIMIZERS}",
    ),
    "optimizer={type: sgd, momentun: 1}": (
        "unknown key 'momentun' in optimizer (sgd)",
        "                            ^^^^^^^^ did you mean 'momentum'?",
    ),
    "network.hiden.units=5": (
        "network has no item 'hiden'",
        "              ^^^^^ did you mean 'hidden'?",
    ),
    "network.7.units=5": (
        "network has no item '7'",
        "              ^ it has 0 (hidden), 1 (out)",
    ),
    "training..epochs=5": (
        "a part of the path 'training..epochs' is empty",
        "               ^",
    ),
    "training.epochs": (
        "an override is path=value",
        "      ^^^^^^^^^^^^^^^ for example --set optimizer.learning_rate=0.1",
    ),
    "": (
        "an override is path=value",
        "      ^ for example --set optimizer.learning_rate=0.1",
    ),
    "training.epochs=[1": (
        "not valid YAML: expected ',' or ']'",
        "                      ^ opened here\n"
        "      | --set training.epochs=[1\n"
        "      |                         ^",
    ),
    "training.epochs=!!python/name:os.system": (
        "unknown tag !!python/name:os.system",
        None,
    ),
    "seed.x=1": (
        "seed must be an integer, got a mapping",
        "      ^^^^",
    ),
}  # fmt: skip


@pytest.mark.parametrize("override", MISTAKES)
def test_a_mistake(errors: Errors, override: str) -> None:
    message, caret = MISTAKES[override]
    text = errors(TEXT, override)
    assert text.splitlines()[0] == f"--set {override}: {message}"
    if caret is not None:
        shown = f"      | --set {override}".rstrip()
        assert text == f"--set {override}: {message}\n{shown}\n      | {caret}\n1 error in --set"


def test_mistakes_of_file_and_overrides_are_reported_together(errors: Errors) -> None:
    assert errors(TEXT + "seed: -1\n", "training.epochs=0", "dtype=int") == (
        "a.yaml:6:7: seed must be at least 0, got -1\n"
        "    6 | seed: -1\n"
        "      |       ^^\n"
        "--set training.epochs=0: training.epochs must be at least 1, got 0\n"
        "      | --set training.epochs=0\n"
        "      |                       ^\n"
        "--set dtype=int: dtype must be float32 or float64, got 'int'\n"
        "      | --set dtype=int\n"
        "      |             ^^^\n"
        "3 errors in a.yaml and --set, with --set training.epochs=0, --set dtype=int"
    )


def test_a_long_override_is_named_in_short(errors: Errors) -> None:
    first, *_ = errors(TEXT, f"name={'x' * 200}").splitlines()
    assert first.startswith(f"--set name={'x' * 88}…: name must be a word")


def test_an_override_replaces_a_mistake_of_the_file(load: Load) -> None:
    assert load(TEXT + "training: {epochs: 0}\n", "training.epochs=5").config.training.epochs == 5

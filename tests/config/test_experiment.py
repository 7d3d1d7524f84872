"""An experiment: names, paths, other values, and mistakes that show later."""

from pathlib import Path

import pytest

from nntrain.config import Experiment, load_experiment, resolved_yaml
from nntrain.errors import ConfigError
from nntrain.language.mistake import Mistake
from tests.config.conftest import BASE, Load
from tests.config.paths import valid_paths

TEXT = """\
data: {path: ../data/iris.csv, target: species}
network:
  - {type: dense, name: hidden, units: 4}
  - {type: dense, name: out, units: auto, activation: auto}
optimizer: {type: sgd, momentum: 0.9}
"""


@pytest.mark.parametrize(
    ("file", "name"), [("iris.yaml", "iris"), ("my run (2).yaml", "my-run--2-"), ("-.yaml", "experiment")]
)
def test_the_default_name_is_the_stem_of_the_file(tmp_path: Path, file: str, name: str) -> None:
    (tmp_path / file).write_text(BASE)
    experiment = load_experiment(tmp_path / file)
    assert (experiment.name, experiment.config.name) == (name, name)


def test_paths_are_relative_to_the_file(tmp_path: Path) -> None:
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "a.yaml").write_text(TEXT)
    experiment = load_experiment(tmp_path / "configs" / "a.yaml")
    assert experiment.data_path("../data/iris.csv") == tmp_path / "data" / "iris.csv"
    assert experiment.data_path("/data/iris.csv") == Path("/data/iris.csv")
    assert experiment.data_path("~/iris.csv") == Path.home() / "iris.csv"


def test_the_source_is_kept_byte_for_byte(load: Load) -> None:
    content = b"\xef\xbb\xbf# \xc3\xbc\r\n" + BASE.replace("\n", "\r\n").encode()
    experiment = load(content)
    assert experiment.source.text.encode() == content
    assert experiment.source_with_overrides().encode() == content


def test_overrides_are_written_behind_the_source_as_comments(load: Load) -> None:
    experiment = load(BASE + "name: x", "seed=3", "metrics=[accuracy,\n f1]")
    assert experiment.source_with_overrides() == (
        BASE + "name: x\n# changed from outside this file:\n#   seed=3\n#   metrics=[accuracy,\n#    f1]\n"
    )


def test_other_values(load: Load) -> None:
    experiment = load(TEXT)
    other = experiment.with_values({"network.hidden.units": 8, "optimizer": "adam", "training.epochs": 5})
    assert other.config.optimizer.type == "adam"
    assert other.config.training.epochs == 5
    assert other.config.model_dump()["network"][0]["units"] == 8
    assert other.source.overrides == ("network.hidden.units=8", "optimizer=adam", "training.epochs=5")
    assert experiment.config.training.epochs == 100


def test_other_values_keep_what_was_resolved(load: Load) -> None:
    experiment = load(TEXT)
    resolved = experiment.with_config(experiment.config.model_copy(update={"metrics": ("accuracy",)}))
    assert resolved.with_values({"seed": 1}).config.metrics == ("accuracy",)


def test_wrong_values_are_named_after_their_origin(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(TEXT).with_values({"optimizer.learning_rate": -0.1, "network.hiden.units": 8}, named="search")
    assert str(caught.value) == (
        "search optimizer.learning_rate=-0.1: optimizer.learning_rate must be above 0, got -0.1\n"
        "      | search optimizer.learning_rate=-0.1\n"
        "      |                                ^^^^\n"
        "search network.hiden.units=8: network has no item 'hiden'\n"
        "      | search network.hiden.units=8\n"
        "      |                ^^^^^ did you mean 'hidden'?\n"
        "2 errors in search"
    )


def test_a_value_that_contradicts_the_file_is_named_in_the_last_line(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(TEXT + "early_stopping: {patience: 3}\n").with_values({"data.split.validation": 0})
    assert str(caught.value).splitlines()[-1] == "1 error in a.yaml, with search data.split.validation=0"


def test_a_value_that_no_file_can_hold(load: Load) -> None:
    with pytest.raises(ConfigError, match=r"name must be a word of letters"):
        load(TEXT).with_values({"name": "\ud800"})


def test_more_axes(load: Load) -> None:
    experiment = load(TEXT + "search: {strategy: random, space: {seed: [1, 2]}}\n")
    search = experiment.with_search_space({"optimizer.learning_rate": {"log_uniform": [0.1, 1]}}).config.search
    assert search is not None
    assert list(search.space) == ["seed", "optimizer.learning_rate"]
    assert experiment.with_search_space({"seed": [3]}).config.model_dump()["search"]["space"] == {"seed": (3,)}


def test_axes_without_a_search_section(load: Load) -> None:
    search = load(TEXT).with_search_space({"seed": [3]}).config.search
    assert search is not None
    assert search.space == {"seed": (3,)}


def test_a_wrong_axis(load: Load) -> None:
    with pytest.raises(ConfigError) as caught:
        load(TEXT).with_search_space({"optimizer.learning_rat": [1], "training.epochs": [1, 0]})
    assert str(caught.value) == (
        "-p optimizer.learning_rat=[1]: search.space: unknown key 'learning_rat' in optimizer (sgd)\n"
        "      | -p optimizer.learning_rat=[1]\n"
        "      |              ^^^^^^^^^^^^ did you mean 'learning_rate'?\n"
        "-p training.epochs=[1, 0]: search.space: training.epochs must be at least 1, got 0\n"
        "      | -p training.epochs=[1, 0]\n"
        "      |                    ^^^^^^\n"
        "2 errors in -p"
    )


def error(experiment: Experiment, path: str) -> str:
    return str(experiment.error(path, "it does not fit", "change it"))


def test_a_mistake_that_shows_later_has_its_place(load: Load) -> None:
    experiment = load(TEXT)
    at_units = (
        "a.yaml:3:40: it does not fit\n"
        "    3 |   - {type: dense, name: hidden, units: 4}\n"
        "      |                                        ^ change it\n"
        "1 error in a.yaml"
    )
    assert error(experiment, "network.0.units") == at_units
    assert error(experiment, "network.hidden.units") == at_units


def test_a_mistake_in_a_default_is_shown_at_what_is_around_it(load: Load) -> None:
    assert error(load(TEXT), "optimizer.learning_rate") == (
        "a.yaml:5:12: it does not fit\n"
        "    5 | optimizer: {type: sgd, momentum: 0.9}\n"
        "      |            ^^^^^^^^^^^^^^^^^^^^^^^^^^ change it\n"
        "1 error in a.yaml"
    )
    assert error(load(TEXT), "loss") == "a.yaml: it does not fit\n      | change it\n1 error in a.yaml"


def test_a_mistake_in_an_override_has_its_place_there(load: Load) -> None:
    assert error(load(TEXT, "network.hidden.units=7"), "network.0.units") == (
        "--set network.hidden.units=7: it does not fit\n"
        "      | --set network.hidden.units=7\n"
        "      |                            ^ change it\n"
        "1 error in --set"
    )


def test_a_mistake_at_a_path_that_does_not_exist_has_a_place_all_the_same(load: Load) -> None:
    assert error(load(TEXT), "network.9.units").splitlines()[0] == "a.yaml:2:1: it does not fit"
    assert error(load(TEXT), "what.ever").splitlines()[0] == "a.yaml: it does not fit"


def test_several_mistakes(load: Load) -> None:
    mistakes = [Mistake(("optimizer", "momentum"), "two"), Mistake(("network", 1), "one")]
    assert str(load(TEXT).errors(mistakes)).splitlines()[0::3] == [
        "a.yaml:4:5: one",
        "a.yaml:5:34: two",
        "2 errors in a.yaml",
    ]


def test_the_paths_of_a_config(load: Load) -> None:
    paths = valid_paths(load(TEXT).config)
    assert paths[:4] == ["version", "name", "seed", "dtype"]
    assert {"network.0.units", "network.hidden.units", "optimizer.momentum", "data.split.test"} <= set(paths)
    assert "optimizer.beta1" not in paths


def test_every_path_of_a_config_leads_to_its_value(load: Load) -> None:
    experiment = load(TEXT)
    for path in valid_paths(experiment.config):
        assert experiment.error(path, "x")


def test_the_resolved_file_gives_the_same_experiment(load: Load) -> None:
    config = load(TEXT).config
    assert load(resolved_yaml(config)).config == config

"""Names that YAML reads as a number, a boolean or null: the message says how to write them, and that works."""

from pathlib import Path

import pytest

from nntrain.config import Experiment, load_experiment
from nntrain.errors import ConfigError
from tests.config.conftest import Errors

NETWORK = "network: [{type: dense, units: auto, activation: auto}]\n"
SCALARS = ["2020", "1.0", "012", "0x10", "1e3", "-.5", "true", "False", ".nan", ".inf"]


@pytest.mark.parametrize("written", [*SCALARS, "null", "~"])
@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("data: {path: a.csv, target: [b, %s]}", "data.target.1"),
        ("data: {path: a.csv, target: y, features: [%s]}", "data.features.0"),
        ("data: {path: a.csv, target: y, features: {exclude: [a, %s]}}", "data.features.exclude.1"),
    ],
)
def test_a_name_in_a_list(errors: Errors, line: str, place: str, written: str) -> None:
    column = line.index("%s") + 1
    first, second, third, *_ = errors(line % written + "\n" + NETWORK).splitlines()
    assert first.startswith(f"a.yaml:1:{column}: {place} must be text, got ")
    assert second == f"    1 | {line % written}"
    assert third == f"      | {' ' * (column - 1)}{'^' * len(written)} put it in quotes: '{written}'"
    fixed = load_text((line % written).replace(written, f"'{written}'") + "\n" + NETWORK)
    assert repr(written) in repr(fixed.config.data)


def load_text(text: str) -> Experiment:
    Path("fixed.yaml").write_text(text)
    return load_experiment("fixed.yaml")


@pytest.mark.parametrize("written", SCALARS)
def test_one_name(errors: Errors, written: str) -> None:
    text = f"data:\n  path: a.csv\n  target: {written}\n{NETWORK}"
    first, second, third, _ = errors(text).splitlines()
    assert first.startswith("a.yaml:3:11: data.target must be a column name, a list of column names or null, got ")
    assert (second, third) == (
        f"    3 |   target: {written}",
        f"      |           {'^' * len(written)} put it in quotes: '{written}'",
    )
    assert load_text(text.replace(f" {written}\n", f" '{written}'\n")).config.data.target == written


def test_from_a_shell_the_quotes_need_quotes(errors: Errors) -> None:
    """What the hint says is typed as it stands: the shell takes the outer quotes away."""
    assert errors(f"data: {{path: a.csv, target: y}}\n{NETWORK}", "data.target=2020") == (
        "--set data.target=2020: data.target must be a column name, a list of column names or null, got 2020\n"
        "      | --set data.target=2020\n"
        "      |                   ^^^^ put it in quotes: '2020'\n"
        "      | in a shell: --set data.target=\"'2020'\"\n"
        "1 error in --set"
    )
    assert load_experiment("a.yaml", ["data.target='2020'"]).config.data.target == "2020"


@pytest.mark.parametrize(
    ("setting", "hint"),
    [
        ("features: 2019", "write a list, with the name in quotes: ['2019']"),
        ("features: age", "write a list: [age]"),
        ("features: {exclude: 07}", "write a list, with the name in quotes: ['07']"),
        ("features: {exclude: id}", "write a list: [id]"),
    ],
)
def test_one_name_where_a_list_is_wanted(errors: Errors, setting: str, hint: str) -> None:
    text = f"data: {{path: a.csv, target: y, {setting}}}\n{NETWORK}"
    assert errors(text).splitlines()[2].endswith(f"^ {hint}")
    wrong = setting.split()[-1].rstrip("}")
    fixed = load_text(text.replace(f" {wrong}}}", f" {hint.rpartition(': ')[2]}}}"))
    assert repr(wrong) in repr(fixed.config.data.features)


def test_in_a_search(errors: Errors) -> None:
    text = f"data: {{path: a.csv, target: y}}\n{NETWORK}search: {{space: {{data.target: ['2019', 012]}}}}\n"
    assert errors(text) == (
        "a.yaml:3:40: search.space: data.target must be a column name, a list of column names or null, got 12\n"
        "    3 | search: {space: {data.target: ['2019', 012]}}\n"
        "      |                                        ^^^ put it in quotes: '012'\n"
        "1 error in a.yaml"
    )


def test_an_empty_item_is_no_name(errors: Errors) -> None:
    text = f"data:\n  path: a.csv\n  target:\n    -\n    - b\n{NETWORK}"
    assert errors(text).splitlines()[:3] == [
        "a.yaml:4:6: data.target.0 must be text, got nothing",
        "    4 |     -",
        "      |      ^",
    ]


def test_yes_no_dates_and_times_are_text(errors: Errors) -> None:
    """YAML 1.2 takes them for words, and so does nntrain."""
    errors("data: {}")
    for word in ("yes", "no", "on", "off", "2020-01-01", "12:30", "1_000", "y"):
        assert load_text(f"data: {{path: a.csv, target: {word}}}\n{NETWORK}").config.data.target == word


def test_in_a_dict() -> None:
    config = {"data": {"path": "a.csv", "target": 2020}, "network": [{"type": "dense", "units": 1}]}
    with pytest.raises(ConfigError) as caught:
        load_experiment(config)
    assert str(caught.value) == (
        "config.data.target: data.target must be a column name, a list of column names or null, got 2020\n"
        "      |   target: 2020\n"
        "      |           ^^^^ put it in quotes: '2020'\n"
        "1 error in config"
    )

"""What YAML texts say, where, and what is wrong with those that are none."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from nntrain.errors import ConfigError
from nntrain.language import load
from nntrain.language.diagnostics import Place, Text, config_error
from nntrain.language.load import parse, read_text


def data(text: str) -> Any:
    document = parse(Text("a.yaml", text))
    assert document.problems == ()
    return document.data


def problems(text: str) -> str:
    document = parse(Text("a.yaml", text))
    return str(config_error(document.problems))


def spot(place: Place | None) -> tuple[int, int, int]:
    assert place is not None
    return place.line, place.column, place.width


def test_plain_data() -> None:
    text = "a: 1\nb: [x, 'y', \"z\"]\nc:\n  d: {e: null}\n  '1': !!str 2\n"
    assert data(text) == {"a": 1, "b": ["x", "y", "z"], "c": {"d": {"e": None}, "1": "2"}}


def test_quoted_words_are_text() -> None:
    assert data("['1', \"true\", 'null', ! 1]") == ["1", "true", "null", "1"]


def test_keys_are_text() -> None:
    assert data("{1: a, true: b, 1.0: c}") == {"1": "a", "true": "b", "1.0": "c"}


def test_aliases_are_the_values_that_they_name() -> None:
    assert data("a: &x [1, 2]\nb: *x\nc: [*x, *x]\n") == {"a": [1, 2], "b": [1, 2], "c": [[1, 2], [1, 2]]}


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    document = parse(Text("a.yaml", "\ufeffa: 1\n"))
    assert document.data == {"a": 1}
    assert spot(document.place(("a",))) == (1, 4, 1)


def test_places() -> None:
    document = parse(Text("a.yaml", "é: 'ü'\nlist: [10, {k: [1,\n 2]}]\nblock:\n  - x\n"))
    assert spot(document.place(("é",), key=True)) == (1, 1, 1)
    assert spot(document.place(("é",))) == (1, 4, 3)
    assert spot(document.place(("list",))) == (2, 7, 1)
    assert spot(document.place(("list", 0))) == (2, 8, 2)
    assert spot(document.place(("list", 1, "k"), key=True)) == (2, 13, 1)
    assert spot(document.place(("list", 1, "k", 1))) == (3, 2, 1)
    assert spot(document.place(("block", 0))) == (5, 5, 1)


def test_a_place_that_the_text_does_not_have_is_the_nearest_around_it() -> None:
    document = parse(Text("a.yaml", "a:\n  b: 1\n"))
    assert spot(document.place(("a", "b", "c"))) == (2, 6, 1)
    assert spot(document.place(("a", "x"))) == (1, 1, 1)
    assert document.place(("x",)) is None


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r", "\x85", "\u2028"])
def test_every_line_ending_of_yaml_counts(ending: str) -> None:
    document = parse(Text("a.yaml", f"a: 1{ending}b: 2{ending}"))
    assert document.data == {"a": 1, "b": 2}
    assert spot(document.place(("b",))) == (2, 4, 1)


# text → what is said
SYNTAX = {
    "a: 1\nb:\n  c: 2\nb: 3\n": (
        "a.yaml:4:1: duplicated key 'b' at the top level\n"
        "    2 | b:\n      | ^ first here\n"
        "    4 | b: 3\n      | ^ again here\n"
    ),
    "a: {b: 1, c: 2, b: 3}\n": (
        "a.yaml:1:17: duplicated key 'b' in a\n"
        "    1 | a: {b: 1, c: 2, b: 3}\n      |     ^ first here\n"
        "    1 | a: {b: 1, c: 2, b: 3}\n      |                 ^ again here\n"
    ),
    "a:\n\tb: 1\n": ("a.yaml:2:1: a tab is used for indentation\n    2 |  b: 1\n      | ^ YAML takes spaces only\n"),
    "a:\n  b: 1\n  \tc: 1\n": (
        "a.yaml:3:3: a tab is used for indentation\n    3 |    c: 1\n      |   ^ YAML takes spaces only\n"
    ),
    "a: 1\n  b: 2\n": (
        "a.yaml:2:4: not valid YAML: a key cannot stand here\n    2 |   b: 2\n"
        "      |    ^ check the indentation, or quote a text with ': '\n"
    ),
    "a:\n  - b\n c: 1\n": (
        "a.yaml:3:2: not valid YAML: this line fits nothing above it\n    3 |  c: 1\n"
        "      |  ^ check the indentation, the quotes and the brackets\n"
    ),
    "a: [1, 2\nb: 3\n": (
        "a.yaml:2:2: not valid YAML: expected ',' or ']'\n    1 | a: [1, 2\n      |    ^ opened here\n"
        "    2 | b: 3\n      |  ^\n"
    ),
    "a: 'x\nb: 2\n": "a.yaml:1:4: not valid YAML: the closing quote is missing\n    1 | a: 'x\n      |    ^\n",
    "a:1\nb: 2\n": "a.yaml:1:2: not valid YAML: a space is missing after ':'\n    1 | a:1\n      |  ^\n",
    "a: 1\nb\nc: 2\n": "a.yaml:2:1: not valid YAML: a ':' is missing after this key\n    2 | b\n      | ^\n",
    "a: @x\n": (
        "a.yaml:1:4: not valid YAML: a text cannot begin with this character\n    1 | a: @x\n"
        "      |    ^ put the text in quotes\n"
    ),
    "a: 1\n---\nb: 1\n": (
        "a.yaml:2:1: a config is one YAML document; a second one begins here\n    2 | ---\n      | ^^^\n"
    ),
    "a: !!python/object/apply:os.system [ls]\n": (
        "a.yaml:1:4: unknown tag !!python/object/apply:os.system\n"
        "    1 | a: !!python/object/apply:os.system [ls]\n"
        "      |    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ a config is plain data; remove the tag\n"
    ),
    "a: &x 1\nb: {<<: *x}\n": (
        "a.yaml:2:5: merge keys (<<) are not part of the config language\n"
        "    2 | b: {<<: *x}\n      |     ^^ repeat the keys\n"
    ),
    "a: *x\n": "a.yaml:1:4: no anchor '&x' before this alias\n    1 | a: *x\n      |    ^^\n",
    "a: &x [1, *x]\n": (
        "a.yaml:1:11: the alias stands for a value that contains it\n    1 | a: &x [1, *x]\n      |           ^^\n"
    ),
    "? [a, b]\n: 1\n": (
        "a.yaml:1:3: a key must be a word, not a list, a mapping or an alias\n    1 | ? [a, b]\n      |   ^\n"
    ),
    ": 1\n": "a.yaml:1:1: not valid YAML: a key is missing before ':'\n    1 | : 1\n      | ^\n",
    "a: \x1b[31m\n": "a.yaml:1:4: control character U+001B\n    1 | a: ·[31m\n      |    ^ remove it\n",
}


@pytest.mark.parametrize("parser", [yaml.SafeLoader, load._PARSER])
@pytest.mark.parametrize("text", SYNTAX)
def test_what_is_wrong_with_a_text(monkeypatch: pytest.MonkeyPatch, parser: type[yaml.SafeLoader], text: str) -> None:
    """The two parsers of PyYAML word it differently; nntrain says the same."""
    monkeypatch.setattr(load, "_PARSER", parser)
    assert problems(text) == SYNTAX[text] + "1 error in a.yaml"


def test_a_missing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("iris.yaml").touch()
    with pytest.raises(ConfigError) as caught:
        read_text("iris.yml")
    assert str(caught.value) == "iris.yml: no such file\n      | did you mean 'iris.yaml'?\n1 error in iris.yml"


def test_a_missing_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        read_text("configs/iris.yaml")
    assert str(caught.value) == (
        "configs/iris.yaml: no such file\n      | the directory 'configs' does not exist\n1 error in configs/iris.yaml"
    )


def test_a_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = Path("runs/x")
    run.mkdir(parents=True)
    (run / "config.yaml").touch()
    with pytest.raises(ConfigError) as caught:
        read_text("runs/x")
    config = os.path.join("runs", "x", "config.yaml")
    assert str(caught.value) == (
        f"runs/x: is a directory, not a config file\n      | did you mean '{config}'?\n1 error in runs/x"
    )


def test_a_path_that_no_file_can_have() -> None:
    with pytest.raises(ConfigError, match="cannot be read: embedded null byte"):
        read_text("a\0b")

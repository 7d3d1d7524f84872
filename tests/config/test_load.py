"""What is said of a config that is no YAML, that is no mapping, or that is too large."""

import time

import pytest

from nntrain.language.load import MAX_BYTES, MAX_DEPTH, MAX_VALUES
from tests.config.conftest import BASE, Errors, Load


def test_mistakes_of_the_yaml_and_of_the_settings_are_reported_together(errors: Errors) -> None:
    assert errors(BASE + "seed: -1\nseed: 2\ndtype: !x float16\n") == (
        "a.yaml:3:7: seed must be at least 0, got -1\n"
        "    3 | seed: -1\n      |       ^^\n"
        "a.yaml:4:1: duplicated key 'seed' at the top level\n"
        "    3 | seed: -1\n      | ^^^^ first here\n"
        "    4 | seed: 2\n      | ^^^^ again here\n"
        "a.yaml:5:8: unknown tag !x\n"
        "    5 | dtype: !x float16\n      |        ^^^^^^^^^^ a config is plain data; remove the tag\n"
        "a.yaml:5:8: dtype must be float32 or float64, got 'float16'\n"
        "    5 | dtype: !x float16\n      |        ^^^^^^^^^^ did you mean 'float64'?\n"
        "4 errors in a.yaml"
    )


@pytest.mark.parametrize("text", ["", "\n# nothing yet\n", "---\n", "null\n"])
def test_an_empty_file(errors: Errors, text: str) -> None:
    assert errors(text) == "a.yaml: the file is empty\n      | it needs at least data and network\n1 error in a.yaml"


@pytest.mark.parametrize(("text", "what"), [("- a\n", "a list"), ("hello\n", "'hello'"), ("5\n", "5")])
def test_no_mapping(errors: Errors, text: str, what: str) -> None:
    assert errors(text) == (
        f"a.yaml: a config is a mapping of sections, got {what}\n"
        "      | a config has at least the sections data and network\n"
        "1 error in a.yaml"
    )


def test_an_alias_bomb_is_refused_before_it_grows(errors: Errors) -> None:
    lines = ["a0: &a0 [lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    assert errors("\n".join(lines)) == (
        "a.yaml:6:20: aliases repeat more than 100000 values\n"
        "    6 | a5: &a5 [*a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4, *a4]\n"
        "      |                    ^^^\n"
        "1 error in a.yaml"
    )


def test_deep_nesting_is_refused(errors: Errors) -> None:
    assert errors("[" * 100_000) == (
        f"a.yaml:1:{MAX_DEPTH + 1}: nested deeper than 32 levels\n"
        f"    1 | {'[' * 110}…\n"
        f"      | {' ' * 32}^\n"
        "1 error in a.yaml"
    )


def test_too_many_values_are_refused(errors: Errors) -> None:
    text = errors("a: [" + "0," * MAX_VALUES + "]")
    assert text.splitlines()[0] == "a.yaml:1:200001: the file holds more than 100000 values"


def test_very_many_mistakes_are_told_soon(errors: Errors) -> None:
    started = time.perf_counter()
    text = errors(BASE + f"metrics: [{'acuracy, ' * 30_000}]\n")
    assert text.splitlines()[-2] == "… and 29,950 more"
    assert time.perf_counter() - started < 10  # it takes half a second; 20 without a limit


def test_a_large_file_is_refused(errors: Errors) -> None:
    assert errors(b"#" * (MAX_BYTES + 1)) == "a.yaml: the file is larger than 1 MiB\n1 error in a.yaml"


def test_a_file_that_is_not_utf8(errors: Errors) -> None:
    assert errors(b"name: caf\xe9\n") == (
        "a.yaml:1:10: not UTF-8 text: byte 0xe9 at offset 9\n"
        "    1 | name: caf\ufffd\n"
        "      |          ^ save the file as UTF-8\n"
        "1 error in a.yaml"
    )


def test_utf16(errors: Errors) -> None:
    text = errors("name: x\n".encode("utf-16"))
    assert text.splitlines()[0] == "a.yaml:1:1: not UTF-8 text: byte 0xff at offset 0"
    assert "save the file as UTF-8; it looks like UTF-16" in text


def test_a_text_beyond_ascii(load: Load) -> None:
    assert load(BASE + "name: größe\n").config.name == "größe"

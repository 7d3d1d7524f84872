"""Texts as they may be shown, and exceptions that hold such texts already."""

import copy
import json
from collections.abc import Callable

import pytest

import nntrain
from nntrain.errors import ConfigError, DataError, Interrupted, NntrainError, RunError, UserError
from nntrain.visible import (
    LONGEST,
    Lines,
    as_message,
    cell_width,
    is_visible,
    json_visible,
    lines_of,
    prefixed,
    visible,
)

UNSEEN = {
    "\x1b[31m": "\\x1b[31m",
    "\x9b31m": "\\x9b31m",  # the same sequence in one character
    "a\nb\r\tc\x08\x7f\0": "a\\nb\\r\\tc\\x08\\x7f\\x00",
    "\x85\u2028\u2029\x0b\x0c": "\\x85\\u2028\\u2029\\x0b\\x0c",
    "\u202a\u202e\u2066\u2069\u200e\u200f\u061c": "\\u202a\\u202e\\u2066\\u2069\\u200e\\u200f\\u061c",
    "\u200b\u200d\ufeff\u00ad\u2060\U000e0041": "\\u200b\\u200d\\ufeff\\xad\\u2060\\U000e0041",
    "\u3164\uffa0\u115f\u034f": "\\u3164\\uffa0\\u115f\\u034f",  # letters and marks that no font draws
    "\udc9b\ud800": "\\udc9b\\ud800",
}
SEEN = ["", "iris setosa", "漢字 é ñ — … “x”", "e\u0301", "😀", "\\n", "[bold red]:smile:", "שלום"]


@pytest.mark.parametrize(("text", "shown"), UNSEEN.items())
def test_what_is_not_seen_is_written_out(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown
    assert not is_visible(text)


@pytest.mark.parametrize("text", SEEN)
def test_what_is_seen_stays(text: str) -> None:
    assert visible(text) == text
    assert json_visible(text) == text


@pytest.mark.parametrize("text", [*UNSEEN, *SEEN])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_json_says_the_same_and_commands_no_terminal(text: str, ascii_only: bool) -> None:
    shown = json_visible(json.dumps({text: [text]}, indent=2, ensure_ascii=ascii_only))
    assert json.loads(shown) == {text: [text]}
    assert all(map(is_visible, shown.split("\n")))


def test_only_lines_that_were_meant_are_lines() -> None:
    lines = Lines("a\nb", Lines("c", "d"), "\x1b")
    assert lines == "a\\nb\nc\nd\n\\x1b"
    assert lines_of(lines) == ["a\\nb", "c", "d", "\\x1b"]
    assert lines_of("a\nb") == ["a\nb"]
    assert prefixed("x: ", lines) == f"x: {lines}"
    assert type(str(lines)) is Lines
    copied = copy.deepcopy(lines)
    assert (type(copied), copied) == (Lines, lines)


@pytest.mark.parametrize("kind", [NntrainError, UserError, ConfigError, DataError, RunError, Interrupted])
def test_the_text_of_an_error_is_one_line_unless_it_was_made_of_several(kind: type[NntrainError]) -> None:
    assert str(kind("no file 'x\n\x1b[31m'")) == "no file 'x\\n\\x1b[31m'"
    error = kind(Lines("one", "tw\no"))
    assert str(error) == "one\ntw\\no"
    assert str(UserError(str(error))) == str(error)
    assert str(UserError(f"{error}!")) == "one\\ntw\\no!"


@pytest.mark.parametrize("filling", ["x", "\x1b", "漢"])
@pytest.mark.parametrize("make", [str, lambda text: Lines("head", text)])
def test_a_line_of_a_message_keeps_its_ends_where_it_is_too_long(make: Callable[[str], str], filling: str) -> None:
    text = f"first {filling * 90_000} last"
    line = lines_of(str(DataError(make(text))))[-1]
    assert len(line) == LONGEST
    assert line.startswith(f"first {visible(filling)}")
    assert line.endswith(f"{visible(filling)} last")
    assert f" … {len(visible(text)):,} characters in all … " in line
    assert as_message(line) == line
    assert as_message("x" * LONGEST) == "x" * LONGEST


def test_the_width_of_a_text() -> None:
    assert [cell_width(text) for text in ("abc", "漢字", "e\u0301", "é", "")] == [3, 4, 1, 1, 0]


def test_errors_of_the_python_api_hold_one_line_for_a_value() -> None:
    for call in (
        lambda: nntrain.load_experiment("no\n\x1b[31m.yaml"),
        lambda: nntrain.load_run("no\nrun\x1b[31m"),
        lambda: nntrain.load_experiment({"data": {"path": "no\n\x1b[31m.csv"}, "na\nme\x9b": 1, "network": ["dense"]}),
        lambda: nntrain.check(nntrain.load_experiment({"data": {"path": "no\nthing\x1b.csv"}, "network": ["flatten"]})),
        lambda: nntrain.build_network([{"type": "den\nse\x1b"}], input_shape=(4,)),
    ):
        with pytest.raises(NntrainError) as error:
            call()
        assert all(map(is_visible, str(error.value).split("\n")))
        assert not any(line.startswith(("run", "thing", "me", "se", "\\x1b")) for line in str(error.value).split("\n"))

"""What is said does not hang on the release of PyYAML, pydantic or csv: their limits, words and exceptions differ."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner
from yaml.scanner import ScannerError

import nntrain
from nntrain.cli.app import app
from nntrain.cli.gridsearch import parse_parameter
from nntrain.config.migrate import migrate
from nntrain.config.root import Config
from nntrain.config.vocabulary import VOCABULARY
from nntrain.data.readers import read
from nntrain.errors import ConfigError, DataError
from nntrain.language import load
from nntrain.language.diagnostics import Text
from nntrain.language.explain import explain
from nntrain.language.load import parse
from tests.config.conftest import BASE, Errors, Load
from tests.workflows.damage import vouch

REAL = yaml.parse
Parse = Callable[..., Iterator[Any]]
PARSERS = [yaml.SafeLoader, yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader]


def depth_of(text: str) -> int:
    """How deep the brackets go; enough for the texts below."""
    return max((text[:end].count("[") - text[:end].count("]") for end in range(len(text) + 1)), default=0)


def refuses(limit: int, error: Callable[[str], Exception]) -> Parse:
    """A PyYAML that looks at all of a text before anything else, and raises where it is nested deeper than a limit."""

    def parse(text: str, Loader: Any) -> Iterator[Any]:
        if depth_of(text[:2000]) > limit:
            raise error(text)
        yield from REAL(text, Loader=Loader)

    return parse


def marked(text: str) -> ScannerError:
    """As PyYAML 6.0.4 does, with other words: the mark is at the first bracket beyond the limit."""
    depth = 0
    for index, char in enumerate(text):
        depth += (char == "[") - (char == "]")
        if depth == 51:
            line, column = text[:index].count("\n"), index - text[:index].rfind("\n") - 1
            return ScannerError(None, None, "flurb", yaml.Mark("", index, line, column, None, 0))
    raise AssertionError


OTHER_PARSERS: dict[str, Parse] = {
    "this one": REAL,
    "a mark": refuses(50, marked),
    "no mark": refuses(50, lambda _: yaml.YAMLError("flurb")),
    "recursion": refuses(33, lambda _: RecursionError("maximum recursion depth exceeded")),
    "memory": refuses(40, lambda _: MemoryError()),
    "index": refuses(40, lambda _: IndexError("pop from empty list")),
}


@pytest.fixture(params=OTHER_PARSERS)
def other_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the parsers that PyYAML may have in another release."""
    monkeypatch.setattr(yaml, "parse", OTHER_PARSERS[request.param])


# text → line and column of what is too deep; 32 levels are allowed
DEEP = {
    "[" * 100_000: (1, 33),
    "[" * 33 + "]" * 33: (1, 33),
    "x: " + "[" * 60 + "]" * 60: (1, 35),
    "x: " + "[" * 900: (1, 35),
    '# it\'s fine\nname: "]]]]" # ]]]\nx: ' + "[" * 2000: (3, 35),
    "{a: " * 40: (1, 129),
    "{a: " * 5000: (1, 129),
    "- " * 40: (1, 65),
    "- " * 5000: (1, 65),
    "? " * 3000: (1, 65),
    "[? " * 3000: (1, 49),
    "".join(f"{' ' * level}a:\n" for level in range(40)): (33, 33),
    "".join(f"{' ' * level}a:\n" for level in range(1200)): (33, 33),
    "".join(f"{' ' * level}a:\n" for level in range(20)) + " " * 20 + "- " * 20: (21, 45),
    "x: " + "[1, {b: " * 40: (1, 125),
    "x: [" + "[\n" * 40: (31, 1),
    "é: [😀, " + "[" * 1500: (1, 38),
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("text", DEEP, ids=lambda text: text[:12])
def test_deep_nesting_is_refused_whatever_its_form(monkeypatch: pytest.MonkeyPatch, parser: Any, text: str) -> None:
    monkeypatch.setattr(load, "_PARSER", parser)
    [problem] = parse(Text("a.yaml", text)).problems
    line, column = DEEP[text]
    assert problem.render().splitlines()[0] == f"a.yaml:{line}:{column}: nested deeper than 32 levels"


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    "text",
    [
        "[" * 32 + "]" * 32,
        "a: '" + "[" * 5000 + "'\n",
        'a: "' + "[" * 5000 + '"\n',
        "# " + "[" * 5000 + "\na: 1\n",
        "a: 1 # " + "{" * 5000 + "\n",
        "a: |\n  " + "[" * 5000 + "\n",
        "a: >\n  " + "- " * 5000 + "\n",
        "a: b" + "[" * 5000 + "\n",
        "a: b\n  " + "[" * 900 + "\n",
        "a: [" + "[], " * 500 + "]\n",
        "a: ['" + "[" * 40 + "', \"" + "{" * 40 + '", [' + "{}, " * 40 + "]]\n",
    ],
    ids=lambda text: text[:12],
)
def test_brackets_that_nest_nothing_do_not_count(monkeypatch: pytest.MonkeyPatch, parser: Any, text: str) -> None:
    monkeypatch.setattr(load, "_PARSER", parser)
    assert parse(Text("a.yaml", text)).problems == ()


def test_the_first_mistake_is_told(errors: Errors) -> None:
    """What comes before the deep nesting, or behind it, hides neither."""
    assert errors("x: @\ny: " + "[" * 2000).startswith("a.yaml:1:4: not valid YAML: a text cannot begin with this char")
    assert errors("y: " + "[" * 2000 + "\nx: @").startswith("a.yaml:1:35: nested deeper than 32 levels\n")


@pytest.mark.usefixtures("other_parser")
@pytest.mark.parametrize("before", ["", "name: x\ndata: {synthetic: xor}\nnetwork: "])
def test_deep_nesting_in_a_config(errors: Errors, before: str) -> None:
    line, column = (3, len("network: ") + 32) if before else (1, 33)  # the mapping around it is one level
    first, *_, last = errors(before + "[" * 100_000).splitlines()
    assert first == f"a.yaml:{line}:{column}: nested deeper than 32 levels"
    assert last == "1 error in a.yaml"


@pytest.mark.usefixtures("other_parser")
def test_deep_nesting_in_an_override(errors: Errors) -> None:
    text = errors(BASE, "network=" + "[" * 100)
    assert text == (
        f"--set network={'[' * 85}…: nested deeper than 32 levels\n"
        f"      | --set network={'[' * 96}…\n"
        f"      | {' ' * 46}^\n"
        "1 error in --set"
    )


@pytest.mark.usefixtures("other_parser")
def test_deep_nesting_in_a_parameter() -> None:
    """The list around the values is one level."""
    with pytest.raises(ConfigError) as caught:
        parse_parameter("seed=" + "[" * 60)
    assert str(caught.value) == (
        f"-p seed={'[' * 60}: nested deeper than 32 levels\n"
        f"      | -p seed=[{'[' * 60}]\n"
        f"      | {' ' * 40}^\n"
        "1 error in -p"
    )


@pytest.mark.usefixtures("other_parser", "workdir")
def test_deep_nesting_in_a_config_to_migrate() -> None:
    Path("old.yaml").write_text("version: 1\nnetwork: " + "[" * 1100, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"^old\.yaml:2:41: nested deeper than 32 levels\n"):
        migrate(Path("old.yaml"))


def test_deep_nesting_in_the_config_of_a_run(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    run = nntrain.fit(load(BASE, "training.epochs=1")).run
    text = "network: " + "[" * 3000
    (run / "config.yaml").write_text(text, encoding="utf-8")
    vouch(run, "config.yaml", hashlib.sha256(text.encode()).hexdigest())
    for other in OTHER_PARSERS.values():
        monkeypatch.setattr(yaml, "parse", other)
        for command in ("eval", "verify", "fit --resume"):
            ended = CliRunner().invoke(app, [*command.split(), str(run)])
            assert "config.yaml is damaged:\n" in ended.output, ended.output
            assert "config.yaml:1:41: nested deeper than 32 levels\n" in ended.output, ended.output
            assert ended.exit_code == 4


# What PyYAML may raise for any text, and where that is told: after the last thing that it could read
STRANGE = [ValueError("chr() arg not in range"), OverflowError("too large"), yaml.YAMLError("a\nb"), RecursionError()]


@pytest.mark.parametrize("error", STRANGE, ids=repr)
def test_an_exception_that_says_nothing(errors: Errors, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def parse(text: str, Loader: Any) -> Iterator[Any]:
        for event in REAL(text, Loader=Loader):
            yield event
            if isinstance(event, yaml.ScalarEvent) and event.value == "data":
                raise error

    monkeypatch.setattr(yaml, "parse", parse)
    assert errors("seed: 1\ndata: {}\n") == (
        "a.yaml:2:5: not valid YAML: the text cannot be understood from here on\n"
        "    2 | data: {}\n"
        "      |     ^ check the indentation, the quotes and the brackets\n"
        "1 error in a.yaml"
    )


@pytest.mark.parametrize("error", STRANGE, ids=repr)
def test_a_parser_that_reads_nothing(errors: Errors, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def parse(text: str, Loader: Any) -> Iterator[Any]:
        raise error

    monkeypatch.setattr(yaml, "parse", parse)
    assert errors(BASE) == (
        "a.yaml: not valid YAML: the text cannot be understood from here on\n"
        "      | check the indentation, the quotes and the brackets\n"
        "1 error in a.yaml"
    )


def test_memory_that_is_really_used_up(load: Load, monkeypatch: pytest.MonkeyPatch) -> None:
    def parse(text: str, Loader: Any) -> Iterator[Any]:
        raise MemoryError

    monkeypatch.setattr(yaml, "parse", parse)
    with pytest.raises(MemoryError):
        load(BASE)


@pytest.mark.parametrize("text", [r'a: "\U00110000"', r'a: "\UFFFFFFFF"'])
def test_an_escape_that_makes_the_parser_in_python_fail(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Its parser raises ValueError and OverflowError, which are no errors of YAML."""
    monkeypatch.setattr(load, "_PARSER", yaml.SafeLoader)
    [problem] = parse(Text("a.yaml", text)).problems
    assert problem.render().splitlines()[0] == "a.yaml:1:2: not valid YAML: the text cannot be understood from here on"


# text → what is said; more in test_load.py
SYNTAX = {
    "a: [1, 2}\n": "a.yaml:1:9: not valid YAML: expected ',' or ']'",
    "a: {b: 1\n": "a.yaml:1:9: not valid YAML: expected ',' or '}'",
    "%x\na: 1\n": "a.yaml:1:1: not valid YAML: a line cannot begin with %",
    "# it\n%YAML 9.9\n---\na: 1\n": "a.yaml:2:1: not valid YAML: a line cannot begin with %",
    "a: %x\n": "a.yaml:1:4: not valid YAML: a text cannot begin with this character",
    "a: `x\n": "a.yaml:1:4: not valid YAML: a text cannot begin with this character",
    "a: & x\n": "a.yaml:1:5: not valid YAML: an anchor or alias has no name",
    "a: *\n": "a.yaml:1:5: not valid YAML: an anchor or alias has no name",
    'a: "x\n': "a.yaml:1:4: not valid YAML: the closing quote is missing",
    "a: 'b''c\n": "a.yaml:1:4: not valid YAML: the closing quote is missing",
    'a: "b\\"c\n': "a.yaml:1:4: not valid YAML: the closing quote is missing",
    "'a\n---\nb'": "a.yaml:1:1: not valid YAML: the closing quote is missing",
    'a: 1\n"b"\n': "a.yaml:2:1: not valid YAML: a ':' is missing after this key",
    'a: 1\n"b\\"c"\nd: 2\n': "a.yaml:2:1: not valid YAML: a ':' is missing after this key",
    "a: 1\n'b''c'\nd: 2\n": "a.yaml:2:1: not valid YAML: a ':' is missing after this key",
    'data: {path: "C:\\data\\x"}\n': "a.yaml:1:17: not valid YAML: this is no escape sequence",
    'a: "\\xzz"\n': "a.yaml:1:5: not valid YAML: this is no escape sequence",
    "a:\n  - 1\n  b: 2\n": "a.yaml:3:3: not valid YAML: this line stands where the next '- ' of the list should",
    "a: - 1\n": "a.yaml:1:4: not valid YAML: a list cannot begin here",
    "a: ? x\n": "a.yaml:1:4: not valid YAML: a key cannot stand here",
    "a: b: c\n": "a.yaml:1:5: not valid YAML: a key cannot stand here",
    "a: [\n": "a.yaml:1:5: not valid YAML: a value is missing here",
    "a: [1,,2]\n": "a.yaml:1:7: not valid YAML: a value is missing here",
    "a: 'x' y\n": "a.yaml:1:8: not valid YAML: this line fits nothing above it",
    "a: |x\n  y\n": "a.yaml:1:5: not valid YAML: nothing but a comment may follow | or >",
    "a: !<x\n": "a.yaml:1:7: not valid YAML: this is no complete tag",
    "a: !foo!bar 1\n": "a.yaml:1:4: not valid YAML: this is no complete tag",
    "{a: 1}}\n": "a.yaml:1:7: not valid YAML: the text cannot be understood from here on",
}


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize("text", SYNTAX)
def test_what_is_wrong_is_not_told_from_words(monkeypatch: pytest.MonkeyPatch, parser: Any, text: str) -> None:
    monkeypatch.setattr(load, "_PARSER", parser)
    [plain] = parse(Text("a.yaml", text)).problems

    def reworded(text: str, Loader: Any) -> Iterator[Any]:
        try:
            yield from REAL(text, Loader=Loader)
        except yaml.MarkedYAMLError as error:
            error.problem, error.context = "flurb", error.context and "while flurbing"
            raise

    monkeypatch.setattr(yaml, "parse", reworded)
    [problem] = parse(Text("a.yaml", text)).problems
    assert problem == plain
    assert problem.render().splitlines()[0] == SYNTAX[text]


def test_the_remedies_work() -> None:
    for text in ["a: '@x'", "a: '%x'", r"a: 'C:\data'", r'a: "C:\\data"', "a: '& x'", "a:\n  - 1\n", "a: '!<x'"]:
        assert parse(Text("a.yaml", text)).problems == ()


class OtherPydantic:
    """What pydantic would raise if it had other kinds of errors, and other contexts."""

    def __init__(self, kind: str, where: tuple[str | int, ...], value: Any) -> None:
        self.detail = {"type": kind, "loc": where, "input": value, "msg": "flurb", "ctx": {}}

    def errors(self, **_: Any) -> list[Any]:
        return [self.detail]


@pytest.mark.parametrize(
    ("kind", "where", "value", "message"),
    [
        ("flurb", ("training", "epochs"), "x", "training.epochs must be an integer, got 'x'"),
        ("flurb", ("dtype",), 5, "dtype must be float32 or float64, got 5"),
        ("flurb", (), [], "a config is a mapping of sections, got an empty list"),
        ("greater_than_equal", ("seed",), -1, "seed must be at least 0, got -1"),
        ("union_tag_invalid", ("optimizer",), {"type": "adm"}, "unknown type 'adm' in optimizer"),
        ("union_tag_not_found", ("optimizer",), {}, "missing type in optimizer"),
    ],
)
def test_errors_of_pydantic_that_are_unknown(kind: str, where: tuple[str, ...], value: Any, message: str) -> None:
    error: Any = OtherPydantic(kind, where, value)
    [mistake] = explain(error, Config, VOCABULARY)
    assert mistake.message == message


def test_errors_of_csv_that_are_unknown(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = csv.reader

    class Reworded:
        def __init__(self, *arguments: Any, **options: Any) -> None:
            self.reader = real(*arguments, **options)

        @property
        def line_num(self) -> int:
            return self.reader.line_num

        def __iter__(self) -> Iterator[list[str]]:
            return self

        def __next__(self) -> list[str]:
            try:
                return next(self.reader)
            except csv.Error:
                raise csv.Error("flurb") from None

    monkeypatch.setattr(csv, "reader", Reworded)
    Path("t.csv").write_text('a,y\n1,2\n"3"x,4\n', encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read("t.csv", target="y")
    assert str(caught.value) == (
        "t.csv:3: this row cannot be divided into cells; look at its quotes: one inside a quoted field is written twice"
    )

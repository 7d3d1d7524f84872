"""Whatever a config file or an override holds, the answer is a config or a ConfigError, soon."""

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nntrain.config import Config, load_experiment
from nntrain.config.experiment import Experiment
from nntrain.config.reference_text import EXAMPLE
from nntrain.config.vocabulary import VOCABULARY
from nntrain.errors import ConfigError
from nntrain.language.diagnostics import Text, config_error
from nntrain.language.dump import flow
from nntrain.language.load import parse
from nntrain.language.paths import parse_path, put
from tests.config.paths import valid_paths
from tests.config.strategies import PLAIN, SCALARS

TOKENS = [
    "\t",
    "  ",
    "- ",
    ": ",
    ":",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a",
    "!!x ",
    "|\n",
    "'",
    '"',
    "#",
    "\n",
    "\x00",
    "é",
    "\u2028",
    "<<: ",
    "---\n",
    "? ",
    "auto",
    "1e999",
    "-.inf",
    ".nan",
    "0x",
    "null",
    "dense",
    "%",
    "@",
    "\r",
]
PATHS = valid_paths(Config.model_validate(parse(Text("", EXAMPLE)).data))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "config.yaml"


def loads(file: Path, content: bytes, *overrides: str) -> Experiment | None:
    """Load it; the only exception is a ConfigError, which names the file or the override in each of its lines."""
    file.write_bytes(content)
    try:
        return load_experiment(file, overrides)
    except ConfigError as error:
        text = str(error)
    assert " in " in text.splitlines()[-1]
    return None


@given(content=st.binary(max_size=200))
@settings(max_examples=200, deadline=None)
def test_random_bytes(file: Path, content: bytes) -> None:
    loads(file, content)


@given(
    changes=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(TOKENS) | st.text(max_size=3)),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=200, deadline=None)
def test_a_damaged_example(file: Path, changes: list[tuple[float, int, str]]) -> None:
    text = EXAMPLE
    for at, removed, added in changes:
        start = int(at * len(text))
        text = text[:start] + added + text[start + removed :]
    loads(file, text.encode("utf-8", errors="surrogatepass"))


@given(path=st.sampled_from(PATHS), value=PLAIN)
@settings(max_examples=200, deadline=None)
def test_anything_anywhere(file: Path, path: str, value: object) -> None:
    data = parse(Text("", EXAMPLE)).data
    wrong = put(data, parse_path(path, data, VOCABULARY), value, Config)
    loads(file, flow(wrong).encode("utf-8", errors="surrogatepass"))


@given(path=st.sampled_from(PATHS) | st.text(max_size=20), value=st.text(max_size=20) | SCALARS.map(flow))
@settings(max_examples=200, deadline=None)
def test_any_override(file: Path, path: str, value: str) -> None:
    loads(file, EXAMPLE.encode(), f"{path}={value}")


@given(path=st.sampled_from(PATHS) | st.text(max_size=20), value=PLAIN)
@settings(max_examples=200, deadline=None)
def test_any_value(file: Path, path: str, value: object) -> None:
    experiment = loads(file, EXAMPLE.encode())
    assert experiment is not None
    try:
        experiment.with_values({path: value}, named="point")
    except ConfigError as error:
        text = str(error)
    else:
        return
    assert "point " in text


@given(text=st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_every_place_is_in_the_text(text: str) -> None:
    document = parse(Text("config.yaml", text))
    lines = Text("", text).lines
    for place in [*document.keys.values(), *document.values.values()]:
        assert 1 <= place.line <= len(lines)
        assert 1 <= place.column <= len(lines[place.line - 1]) + 1
        assert place.column - 1 + place.width <= len(lines[place.line - 1])
    if document.problems:
        assert "config.yaml" in str(config_error(document.problems))


def test_a_file_of_nothing_but_mistakes_is_answered_soon(file: Path) -> None:
    content = "".join(f"k{number:05d}: 1\n" for number in range(90_000))
    started = time.process_time()
    file.write_text(content)
    with pytest.raises(ConfigError, match="unknown key 'k00000' at the top level"):
        load_experiment(file)
    assert time.process_time() - started < 5  # the machine of continuous integration may be a slow one

"""The bundled examples: described by their headers, written with their data."""

from pathlib import Path

import pytest
import yaml

from nntrain import examples
from nntrain.errors import UserError
from nntrain.examples import Example, list_examples, write_example

CONFIG = """\
# Purpose: three kinds of iris,
#   from four measurements.
# Data: ../datasets/iris.csv, 150 flowers
# Command: nntrain fit configs/iris.yaml
# Expected: test accuracy 0.95
#
# A remark that belongs to nothing.

# Purpose: not this one
data:
  path: ../datasets/iris.csv
  split: {test: {path: ../datasets/iris-test.csv}}
  other: [../datasets/absent.csv, ../../elsewhere/mnist.gz]
"""


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A bundle of one example with two data files."""
    directory = tmp_path / "bundle"
    for name in ("configs", "datasets"):
        (directory / name).mkdir(parents=True)
    (directory / "configs" / "iris.yaml").write_text(CONFIG)
    (directory / "configs" / "bare.yaml").write_text("data: {synthetic: xor}\n")
    (directory / "datasets" / "iris.csv").write_bytes(b"a,b\r\n1,2\r\n")
    (directory / "datasets" / "iris-test.csv").write_text("a,b\n3,4\n")
    (directory / "datasets" / "README.md").write_text("where it is from\n")
    monkeypatch.setattr(examples, "_bundle", lambda: directory)
    return directory


@pytest.mark.usefixtures("bundle")
def test_headers_are_read() -> None:
    assert list_examples() == [
        Example(name="bare", purpose="", data="", command="", expected=""),
        Example(
            name="iris",
            purpose="three kinds of iris, from four measurements.",
            data="../datasets/iris.csv, 150 flowers",
            command="nntrain fit configs/iris.yaml",
            expected="test accuracy 0.95",
        ),
    ]


def test_an_example_is_written_with_its_data(bundle: Path, tmp_path: Path) -> None:
    target = tmp_path / "new" / "place"
    written = write_example("iris", target)
    assert sorted(path.relative_to(target).as_posix() for path in written) == [
        "configs/iris.yaml",
        "datasets/iris-test.csv",
        "datasets/iris.csv",
    ]
    for path in written:
        assert path.read_bytes() == (bundle / path.relative_to(target)).read_bytes()
    assert write_example("iris", target) == written  # the same again is no conflict


@pytest.mark.usefixtures("bundle")
def test_an_unknown_example_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(UserError) as caught:
        write_example("irsi", tmp_path / "x")
    assert str(caught.value) == "there is no example 'irsi': did you mean 'iris'?"
    with pytest.raises(UserError) as caught:
        write_example("quite-different", tmp_path / "x")
    assert str(caught.value) == "there is no example 'quite-different': there are bare, iris"
    assert not (tmp_path / "x").exists()


@pytest.mark.usefixtures("bundle")
def test_a_file_of_the_user_is_not_overwritten(tmp_path: Path) -> None:
    mine = tmp_path / "x" / "datasets" / "iris.csv"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine\n")
    with pytest.raises(UserError) as caught:
        write_example("iris", tmp_path / "x")
    assert str(caught.value) == (f"{mine} is there already, with other content: name another directory, or remove it")
    assert mine.read_text() == "mine\n"
    assert not (tmp_path / "x" / "configs").exists()


@pytest.mark.usefixtures("bundle")
def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a file")
    with pytest.raises(UserError, match=r"^cannot write the example: .*/x/configs.*: Not a directory$"):
        write_example("iris", tmp_path / "x")


def test_an_example_is_written_whole_or_not_at_all(bundle: Path, tmp_path: Path) -> None:
    (tmp_path / "datasets").write_text("a file")
    with pytest.raises(UserError, match=r"^cannot write the example: "):
        write_example("iris", tmp_path)
    assert not [path for path in (tmp_path / "configs").rglob("*") if path.is_file()]


def test_every_bundled_config_has_a_whole_header() -> None:
    found = list_examples()
    assert {"iris", "xor"} <= {example.name for example in found}
    for example in found:
        assert example.purpose, example.name
        assert example.data, example.name
        assert example.expected, example.name
        assert f"configs/{example.name}.yaml" in example.command


def test_every_example_finds_its_data_where_it_was_written(tmp_path: Path) -> None:
    for example in list_examples():
        config, *_ = write_example(example.name, tmp_path)
        path = (yaml.safe_load(config.read_text(encoding="utf-8"))["data"] or {}).get("path")
        if path is not None and "mnist" not in path:  # which everybody has to get
            assert (config.parent / path).is_file(), example.name

"""Older configs are rewritten with their comments and layout; current ones stay as they are to the byte."""

from pathlib import Path

import pytest

from nntrain.config import load_experiment
from nntrain.config.migrate import STEPS, migrate
from nntrain.config.root import Config
from nntrain.errors import ConfigError
from tests.conftest import ROOT


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("utf-8"))
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "old.yaml"


def test_the_present_version_is_that_of_the_config_language(file: Path) -> None:
    assert Config.model_fields["version"].default == len(STEPS) + 1 == 1
    assert migrate(write(file, "data: {synthetic: xor}\nnetwork: [dense]\n")).version == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("data: xor\nnetwork: []\n", "version: 1\ndata: xor\nnetwork: []\n"),
        ("# head\n# of the file\ndata: xor", "# head\n# of the file\nversion: 1\ndata: xor"),
        ("# head\n\n# the data\ndata: xor\n", "# head\n\nversion: 1\n# the data\ndata: xor\n"),
        ("\n\n# head\ndata: xor # here\n", "\n\nversion: 1\n# head\ndata: xor # here\n"),
        ("# head\n\n\ndata:\n  a: 1\n", "# head\n\n\nversion: 1\ndata:\n  a: 1\n"),
        ("---\ndata: xor\n", "---\nversion: 1\ndata: xor\n"),
        ("%YAML 1.1\n---\n# x\ndata: xor\n...\n", "%YAML 1.1\n---\nversion: 1\n# x\ndata: xor\n...\n"),
        ("  data: xor\n  network: []\n", "  version: 1\n  data: xor\n  network: []\n"),
        ("{data: xor, network: []}", "{version: 1, data: xor, network: []}"),
        ("{\n  data: xor,\n  network: []\n}\n", "{\n  version: 1, data: xor,\n  network: []\n}\n"),
        ("# ä → 漢\r\ndata: xor\r\n", "# ä → 漢\r\nversion: 1\r\ndata: xor\r\n"),
        ("\ufeffdata: xor\n", "\ufeffversion: 1\ndata: xor\n"),
        ("a: 1\u2028b: 2\n", "version: 1\na: 1\u2028b: 2\n"),
        ("'data': 'x # y'\n", "version: 1\n'data': 'x # y'\n"),
        ("name: |\n  # no comment\n  text\ndata: xor\n", "version: 1\nname: |\n  # no comment\n  text\ndata: xor\n"),
    ],
)
def test_a_config_without_a_version_gets_it(file: Path, old: str, new: str) -> None:
    migration = migrate(write(file, old))
    assert migration.text == new
    assert (migration.before, migration.version, migration.changes) == (0, 1, ("added `version: 1`",))
    again = migrate(write(file, new))
    assert (again.text, again.before, again.changes) == (new, 1, ())


@pytest.mark.parametrize("text", ["version: 1\r\n\r\ndata: xor", "data: xor\nversion:   1  # said\n", "version: 1.0\n"])
def test_a_current_config_stays_as_it_is(file: Path, text: str) -> None:
    migration = migrate(write(file, text))
    assert (migration.text, migration.before, migration.changes) == (text, 1, ())


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_examples_say_the_same_with_their_version(path: Path, file: Path) -> None:
    text = path.read_text(encoding="utf-8")
    migrated = migrate(path).text
    if "\nversion: 1\n" not in text:
        assert migrated.replace("version: 1\n", "", 1) == text
    write(file, migrated)
    assert load_experiment(file, ["name=x"]).config == load_experiment(path, ["name=x"]).config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "seed: 1\nversion: 2\n",
            "old.yaml:2:10: version 2 is that of a newer nntrain\n"
            "    2 | version: 2\n"
            "      |          ^ this nntrain reads versions up to 1: use the nntrain that wrote it, or a later one\n"
            "1 error in old.yaml",
        ),
        (
            "version: one\n",
            "old.yaml:1:10: version must be 1, got 'one'\n"
            "    1 | version: one\n"
            "      |          ^^^\n"
            "1 error in old.yaml",
        ),
        (
            "",
            "old.yaml: a config is a mapping of sections\n"
            "      | it needs at least data and network\n"
            "1 error in old.yaml",
        ),
    ],
)
def test_what_cannot_be_migrated(file: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str) -> None:
    monkeypatch.chdir(file.parent)
    write(file, text)
    with pytest.raises(ConfigError) as caught:
        migrate("old.yaml")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    "text", ["- a\n", "data: [\n", "a: 1\na: 2\n", "version: true\n", "version: -1\n", "x: !!int a\n"]
)
def test_other_mistakes_are_refused(file: Path, text: str) -> None:
    write(file, text)
    if text.startswith("x"):
        assert migrate(file).text == "version: 1\n" + text  # what a value means is for `check` to say
        return
    with pytest.raises(ConfigError):
        migrate(file)


def test_a_layout_that_would_change_its_meaning_is_left_to_people(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    write(file, "? data\n: xor\n")
    with pytest.raises(ConfigError) as caught:
        migrate("old.yaml")
    assert str(caught.value) == (
        "old.yaml: cannot be rewritten without changing more than its version\n"
        "      | add the line `version: 1` to it by hand, and see what `nntrain check` says\n"
        "1 error in old.yaml"
    )

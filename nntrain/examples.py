"""The example configs and data sets that come with nntrain, in a checkout as in an installed package.

A config's header, its first block of comment lines, describes it:

    # Purpose: learn three kinds of iris from four measurements; a first run.
    # Data: ../datasets/iris.csv, 150 flowers
    # Command: nntrain fit configs/iris.yaml
    # Expected: test accuracy 0.95 or more, in a second

A line that begins with spaces after its `#` continues the one above.
"""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from nntrain.errors import UserError

_FIELD = re.compile(r"# (Purpose|Data|Command|Expected): (.*)")
_CONTINUED = re.compile(r"# {2,}(\S.*)")


@dataclass(frozen=True)
class Example:
    """What the header of a bundled config says; a field that it does not have is empty."""

    name: str
    """The config's file name without its suffix."""
    purpose: str
    data: str
    command: str
    expected: str


def list_examples() -> list[Example]:
    """The bundled examples in the order of their names."""
    return [_describe(name, text) for name, text in sorted(_configs().items())]


def write_example(name: str, directory: Path | str) -> list[Path]:
    """Write `configs/NAME.yaml` and the bundled data files that it names under `directory`; returns their
    paths.

    Files keep their places relative to each other, so the config runs as it is. A file that is there with the
    same content is left alone. Raises UserError, before anything is written, for an unknown name or if a file
    with other content is in the way; UserError too if the system does not let us write.
    """
    configs = _configs()
    if name not in configs:
        near = difflib.get_close_matches(name, configs, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"there are {', '.join(sorted(configs))}"
        raise UserError(f"there is no example '{name}': {hint}")
    target = Path(directory)
    contents = {target / "configs" / f"{name}.yaml": configs[name].encode("utf-8")}
    for data in _data_files(configs[name]):
        contents[target / "datasets" / data] = _bundle().joinpath("datasets", data).read_bytes()
    try:
        _refuse_conflicts(contents)
        for path, content in contents.items():
            if path.exists():  # with the same content
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise UserError(f"cannot write the example: {error.filename}: {error.strerror}") from error
    return list(contents)


def _bundle() -> Traversable:
    """The directory that holds `configs` and `datasets`: inside an installed package, above it in a
    checkout.
    """
    installed = files("nntrain").joinpath("bundled")
    return installed if installed.is_dir() else Path(__file__).parent.parent


def _configs() -> dict[str, str]:
    """The text of every bundled config by its name."""
    directory = _bundle().joinpath("configs")
    if not directory.is_dir():
        raise UserError("the example configs are not installed: this copy of nntrain lacks its folder 'configs'")
    return {
        entry.name.removesuffix(".yaml"): entry.read_text(encoding="utf-8")
        for entry in directory.iterdir()
        if entry.name.endswith(".yaml")
    }


def _describe(name: str, text: str) -> Example:
    fields = {"Purpose": "", "Data": "", "Command": "", "Expected": ""}
    field = ""
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        if match := _FIELD.fullmatch(line.rstrip()):
            field, fields[match[1]] = match[1], match[2].strip()
        elif field and (match := _CONTINUED.fullmatch(line.rstrip())):
            fields[field] += f" {match[1]}"
        else:
            field = ""
    return Example(name, fields["Purpose"], fields["Data"], fields["Command"], fields["Expected"])


def _data_files(text: str) -> list[str]:
    """The bundled data files that a config names, relative to `datasets`; those of the user are not among
    them.
    """
    import yaml

    root = _bundle().joinpath("datasets")
    prefix = "../datasets/"
    named = {value.removeprefix(prefix) for value in _strings(yaml.safe_load(text)) if value.startswith(prefix)}
    return sorted(name for name in named if root.joinpath(name).is_file())


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)


def _refuse_conflicts(contents: dict[Path, bytes]) -> None:
    for path, content in contents.items():
        if path.exists() and path.read_bytes() != content:
            raise UserError(f"{path} is there already, with other content: name another directory, or remove it")

"""An experiment: a config, and the file that it came from."""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path as FilePath
from typing import Any

from nntrain.config.checks import check
from nntrain.config.root import Config
from nntrain.config.vocabulary import VOCABULARY
from nntrain.errors import ConfigError, UserError
from nntrain.language.diagnostics import Text, config_error
from nntrain.language.dump import flow, writable
from nntrain.language.load import Document, parse, read_text
from nntrain.language.mistake import Mistake
from nntrain.language.overrides import Override, apply, from_argument, from_value
from nntrain.language.paths import parse_path
from nntrain.language.validate import checked, problem_of

_NO_UTF8 = re.compile(r"\\u(dc[89a-f][0-9a-f])")
_WITHOUT_FILE = "experiment.yaml"  # where a config would stand that was given as a mapping


@dataclass(frozen=True)
class WrittenSource:
    """Where a config comes from.

    Attributes:
        path: the file, as it was named; `experiment.yaml` in the current directory, which need not be there, stands for
            a config that was given as a mapping.
        text: its text; encoded as UTF-8 these are the bytes of the file. Of a mapping, the YAML that says the same.
        overrides: what was changed, each as `path=value`.
        document: what text and overrides say, and where.
    """

    path: FilePath
    text: str = field(repr=False)
    overrides: tuple[str, ...]
    document: Document = field(repr=False, compare=False)


@dataclass(frozen=True)
class Experiment:
    """A config that has been checked, with its source."""

    config: Config
    source: WrittenSource

    @property
    def name(self) -> str:
        """The name of the experiment: that of the config, or the file's stem."""
        return self.config.name or _default_name(self.source.path)

    def data_path(self, path: str) -> FilePath:
        r"""Where a path of the config leads: from the folder of the config file, or from home (`~`).

        A byte of a file's name that is no UTF-8 stands in a config as `\udcff`.
        """
        written = self.source.path.parent / _from_home(path)
        if (bytewise := _NO_UTF8.sub(_byte, path)) != path and not os.path.lexists(written):
            written = self.source.path.parent / _from_home(bytewise)
        shorter = os.path.normpath(written)
        # `runs/iris/../..` is not the folder above `runs` where that is a link to another disk.
        return FilePath(shorter) if _same_place(shorter, written) else written

    def with_config(self, config: Config) -> "Experiment":
        """The experiment with another config, for example one whose `auto` is resolved. It is not checked."""
        return replace(self, config=config)

    def with_values(self, values: Mapping[str, Any], named: str = "search") -> "Experiment":
        """The experiment with other values at dotted paths, checked like the file.

        Args:
            values: plain data by dotted path (`optimizer.learning_rate`, `network.hidden.units`).
            named: what errors call the origin of the values: `search optimizer.learning_rate=-1: …`.

        Raises:
            ConfigError: a path leads nowhere, or the config is wrong with these values.
        """
        from nntrain.language.plain import plain_values  # here, for `fit` changes nothing this way

        return self._changed([from_value(path, value, named) for path, value in plain_values(values).items()])

    def with_search_space(self, axes: Mapping[str, Any], named: str = "-p") -> "Experiment":
        """The experiment with more axes in its `search.space`, or with others for the same paths.

        Args:
            axes: by dotted path, a list of values or a distribution such as {"log_uniform": [1e-4, 1]}.
            named: what errors call the origin of the axes.

        Raises:
            ConfigError: a path leads nowhere, or a value is wrong there.
        """
        from nntrain.language.plain import plain_values

        given = plain_values(axes, ("search", "space"))
        return self._changed([from_value(path, axis, named, below="search.space.") for path, axis in given.items()])

    def without_search_values(self) -> "Experiment":
        """The experiment with the paths of its `search.space` alone.

        A point that is made of it costs the same however many values there are; they have been checked.
        """
        search = self.config.search
        if search is None:
            return self
        slim = search.model_copy(update={"space": dict.fromkeys(search.space, (None,))})
        document = self.source.document
        keys, values = (
            {path: place for path, place in places.items() if path[:2] != ("search", "space")}
            for places in (document.keys, document.values)
        )
        source = replace(self.source, document=replace(document, keys=keys, values=values))
        return Experiment(self.config.model_copy(update={"search": slim}), source)

    def _changed(self, overrides: Sequence[Override]) -> "Experiment":
        data = self.config.model_dump(exclude_unset=True)
        document = apply(replace(self.source.document, data=data, problems=()), overrides, VOCABULARY)
        config = _checked(document, search=any(override.path.startswith("search") for override in overrides))
        written = tuple(f"{override.path}={flow(override.value.data)}" for override in overrides)
        source = replace(self.source, overrides=self.source.overrides + written, document=document)
        return Experiment(config, source)

    def source_with_overrides(self) -> str:
        """The text of the file as it is, and what was changed as comments behind it."""
        text, overrides = self.source.text, self.source.overrides
        if not overrides:
            return text
        comments = [f"#   {line}" for override in overrides for line in Text("", override).lines]
        return "\n".join([text.removesuffix("\n"), "# changed from outside this file:", *comments, ""])

    def error(self, path: str, message: str, hint: str | None = None) -> ConfigError:
        """The error for a mistake that showed later (a shape, a column), located at a dotted path.

        Args:
            path: the setting to blame; shown at the nearest thing around it that the file has.
            message: what is wrong.
            hint: what to do about it.
        """
        return self.errors([Mistake(parse_path(path, self.source.document.data, VOCABULARY), message, hint)])

    def errors(self, mistakes: Iterable[Mistake]) -> ConfigError:
        """One error for several mistakes, each with its place."""
        document = self.source.document
        return config_error([problem_of(mistake, document) for mistake in mistakes], document.changes)


def load_experiment(path: str | os.PathLike[str] | Mapping[str, Any], overrides: Sequence[str] = ()) -> Experiment:
    """The experiment that a config describes.

    Args:
        path: the YAML file; or the config itself, as nested dicts and lists of plain data with the keys of a file. Its
            data paths are relative to the current directory then, its default name is `experiment`, and errors name
            the place as `config.optimizer.learning_rate`.
        overrides: settings to change, each `path=value` with a YAML value: `optimizer.learning_rate=0.1`.

    Raises:
        ConfigError: with every mistake of the config and of the overrides, each with its place.
    """
    return _loaded(*_read(path), overrides)


def parse_experiment(content: str, path: FilePath, overrides: Sequence[str] = ()) -> Experiment:
    """As `load_experiment`, of a file whose text was read already. Raises ConfigError."""
    return _loaded(Text(os.fspath(path), content), path, overrides)


def _loaded(text: Text, file: FilePath, overrides: Sequence[str]) -> Experiment:
    is_list = isinstance(overrides, Sequence) and not isinstance(overrides, str)
    if not is_list or not all(isinstance(argument, str) for argument in overrides):
        raise UserError(f"overrides are a list of texts such as 'optimizer.learning_rate=0.1', got {overrides!r}")
    document = parse(text)
    overrides = [writable(argument) for argument in overrides]
    if document.readable:
        document = apply(document, [from_argument(argument, VOCABULARY) for argument in overrides], VOCABULARY)
    config = _checked(document, search=True)
    if config.name is None:
        config = config.model_copy(update={"name": _default_name(file)})
    return Experiment(config, WrittenSource(file, text.content, tuple(overrides), document))


def check_loaded(experiment: object) -> None:
    """UserError where a function was given something else than an experiment, such as a config as a dict."""
    if not isinstance(experiment, Experiment):
        raise UserError(f"an experiment is what load_experiment returns, got {type(experiment).__name__}")


def load_text(text: str) -> Config:
    """The config in a text of a file. Raises ConfigError as `load_experiment`."""
    return _checked(parse(Text("config.yaml", text)), search=True)


def _read(path: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[Text, FilePath]:
    """The text of a config, and the path of the file that it is in or could be in."""
    if isinstance(path, Mapping):
        from nntrain.language.plain import text_of  # here, for most configs are files

        return text_of(path), FilePath(_WITHOUT_FILE)
    if not isinstance(path, str | os.PathLike):
        raise UserError(
            f"load_experiment takes the path of a YAML file or a config as a dict, got {type(path).__name__}"
        )
    return read_text(path), FilePath(path)


def _checked(document: Document, *, search: bool) -> Config:
    return checked(document, VOCABULARY, partial(check, search=search))


def _byte(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))


def _from_home(path: str) -> str:
    try:
        return os.path.expanduser(path)
    except ValueError:  # no user has such a name
        return path


def _same_place(one: str, other: FilePath) -> bool:
    try:
        return os.path.realpath(one) == os.path.realpath(other)
    except (OSError, ValueError):  # the current directory was removed, or no system has such a path
        return True


def _default_name(path: str | os.PathLike[str]) -> str:
    return re.sub(r"[^\w.+-]", "-", FilePath(path).stem).lstrip(".+-")[:80] or "experiment"

"""The resolved config as the text of a file, made sure of that it can be read again."""

from nntrain.config.experiment import Experiment, load_text
from nntrain.config.root import Config
from nntrain.errors import ConfigError
from nntrain.language.dump import written
from nntrain.language.load import MAX_BYTES

_HEADER = "# The resolved experiment: every default is written out. `nntrain fit` on this file repeats it.\n"


def resolved_yaml(config: Config, *, only: str | None = None) -> str:
    """A config, or one section of it, as YAML, every default written out, in the order of the reference."""
    return f"{_HEADER}\n{written(config, only=only)}"


def config_text(experiment: Experiment, config: Config) -> str:
    """The text of config.yaml.

    Aliases stand for much text, and every default takes some: what is written can be larger than what was read. A
    `search` section without which it can be read again is left out, for only `gridsearch` reads it.

    Args:
        experiment: says where a mistake is.
        config: what is written; its paths may be others than the experiment's.

    Raises:
        ConfigError: the text would be refused; it is located at the section that takes most of it.
    """
    text = resolved_yaml(config)
    problem = why_unreadable(text, config)
    if problem is None:
        return text
    shorter = config.model_copy(update={"search": None})
    if config.search is not None and why_unreadable(without := resolved_yaml(shorter), shorter) is None:
        return without
    raise _refused(experiment, config, problem)


def searchable_text(experiment: Experiment, config: Config) -> str:
    """The text of a search's config.yaml, which keeps its `search` section. Raises as `config_text`."""
    text = resolved_yaml(config)
    problem = why_unreadable(text, config)
    if problem is not None:
        raise _refused(experiment, config, problem)
    return text


def why_unreadable(text: str, config: Config) -> str | None:
    """Why a text is not read again as the config that it was made of, or None."""
    size = len(text.encode())
    if size > MAX_BYTES:
        return f"takes {size / (1 << 20):.1f} MiB, and a config may take {MAX_BYTES >> 20} MiB"
    try:
        same = load_text(text) == config
    except ConfigError as error:
        return f"cannot be read again: {error.problems[0].message}"
    return None if same else "cannot be written so that it is read again as it is"


def _refused(experiment: Experiment, config: Config, problem: str) -> ConfigError:
    sizes = {name: len(resolved_yaml(config, only=name)) for name in type(config).model_fields}
    section = max(sizes, key=lambda name: sizes[name])
    return experiment.error(
        section,
        f"the config, with its aliases and defaults written out, {problem}",
        hint=f"most of it is {section}: make that shorter",
    )

"""Plain data → Config, with every mistake at once."""

from typing import Any

from pydantic import ValidationError

from nntrain.config.checks import check
from nntrain.config.root import Config
from nntrain.language.anatomy import Path
from nntrain.language.mistake import Mistake

_STAND_INS: dict[str, Any] = {"data": {"synthetic": "xor"}, "network": ["flatten"]}

_MOST_LEFT_OUT = 100  # mistakes; leaving more out of a large file would take seconds, and nobody reads what follows


def validate(data: Any, *, search: bool = True) -> tuple[Config | None, list[Mistake]]:
    """Validate a config.

    Args:
        data: the config as plain data.
        search: also check the values in `search.space`.

    Returns:
        The config, or None and its mistakes. Where a section is wrong, the checks between sections are made with
        what is left of it, and those that touch what was wrong are left out.
    """
    try:
        config = Config.model_validate(data)
    except ValidationError as error:
        from nntrain.language.explain import explain  # here, for most configs are right

        mistakes = explain(error, Config)
        return None, mistakes + _check_the_rest(data, mistakes, search)
    mistakes = check(config, search=search)
    return (None if mistakes else config), mistakes


def _check_the_rest(data: Any, mistakes: list[Mistake], search: bool) -> list[Mistake]:
    """Return the mistakes between sections that have nothing to do with the mistakes that are known."""
    if not isinstance(data, dict) or len(mistakes) > _MOST_LEFT_OUT:
        return []
    for wrong in ([mistake.path for mistake in mistakes], [mistake.path[:1] for mistake in mistakes]):
        try:
            config = Config.model_validate(_without(data, wrong))
        except ValidationError:
            continue
        return [mistake for mistake in check(config, search=search) if not _touches(mistake, wrong)]
    return []


def _without(data: dict[str, Any], wrong: list[Path]) -> dict[str, Any]:
    rest: dict[str, Any] = data
    for path in wrong:
        rest = _remove(rest, path)
    return {**_STAND_INS, **rest}


def _remove(value: Any, path: Path) -> Any:
    """Return a copy without what is at a path; items of a list stay, so that positions keep their meaning."""
    if not path or not isinstance(value, dict) or path[0] not in value:
        return value
    if len(path) == 1:
        return {key: child for key, child in value.items() if key != path[0]}
    return {**value, path[0]: _remove(value[path[0]], path[1:])}


def _touches(mistake: Mistake, wrong: list[Path]) -> bool:
    return any(
        path[: len(other)] == other or other[: len(path)] == path
        for path in (mistake.path, *mistake.involves)
        for other in wrong
    )

"""Plain data → the root model, with every mistake at once."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from nntrain.language.anatomy import Path
from nntrain.language.diagnostics import Place, Problem, config_error
from nntrain.language.load import Document
from nntrain.language.mistake import Mistake
from nntrain.language.overrides import ON_COMMAND_LINE
from nntrain.language.scalars import read_scalar
from nntrain.language.vocabulary import Root, Vocabulary
from nntrain.visible import Lines, lines_of

Check = Callable[[Root], list[Mistake]]
"""Finds the mistakes that are between sections which are each fine by themselves."""

_MOST_LEFT_OUT = 100  # mistakes; leaving more out of a large file would take seconds, and nobody reads what follows


def checked(document: Document, vocabulary: Vocabulary[Root], check: Check[Root]) -> Root:
    """The root model that a document describes.

    Raises:
        ConfigError: with every mistake of the document, each with its place.
    """
    if not document.readable:
        raise config_error(document.problems)
    if document.data is None and not document.problems:
        from nntrain.language.hints import for_nothing  # here, for most configs are right

        raise config_error([Problem("the file is empty", document.text, for_nothing(vocabulary))])
    config, mistakes = validate(document.data, vocabulary, check)
    problems = [*document.problems, *(problem_of(mistake, document) for mistake in mistakes)]
    if config is None or problems:
        raise config_error(problems, document.changes)
    return config


def validate(data: Any, vocabulary: Vocabulary[Root], check: Check[Root]) -> tuple[Root | None, list[Mistake]]:
    """The config that plain data describe, or what is wrong with them.

    Args:
        data: the config as plain data.
        vocabulary: what it may say.
        check: finds the mistakes between sections.

    Returns:
        The config, or None and its mistakes. Where a section is wrong, the checks between sections are made with
        what is left of it, and those that touch what was wrong are left out.
    """
    try:
        config = vocabulary.root.model_validate(data)
    except ValidationError as error:
        from nntrain.language.explain import explain

        mistakes = explain(error, vocabulary.root, vocabulary)
        return None, mistakes + _check_the_rest(data, mistakes, vocabulary, check)
    mistakes = check(config)
    return (None if mistakes else config), mistakes


def _check_the_rest(
    data: Any, mistakes: list[Mistake], vocabulary: Vocabulary[Root], check: Check[Root]
) -> list[Mistake]:
    """The mistakes between sections that have nothing to do with the mistakes that are known."""
    if not isinstance(data, dict) or len(mistakes) > _MOST_LEFT_OUT:
        return []
    for wrong in ([mistake.path for mistake in mistakes], [mistake.path[:1] for mistake in mistakes]):
        rest: dict[str, Any] = data
        for path in wrong:
            rest = _remove(rest, path)
        try:
            config = vocabulary.root.model_validate({**vocabulary.stand_ins, **rest})
        except ValidationError:
            continue
        return [mistake for mistake in check(config) if not _touches(mistake, wrong)]
    return []


def _remove(value: Any, path: Path) -> Any:
    """A copy without what is at a path; items of a list stay, so that positions keep their meaning."""
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


def problem_of(mistake: Mistake, document: Document) -> Problem:
    """The mistake with its place in the document: at its setting, or at what is around that."""
    place = document.place(mistake.path, key=mistake.at_key)
    if place is not None and mistake.part is not None:
        start, stop = mistake.part
        quote = (place.width - len(str(mistake.path[-1]))) // 2
        place = replace(place, column=place.column + quote + start, width=stop - start)
    hint = _as_written(mistake, place)
    if document.text.option is not None and (place is None or place.text is document.text):  # it has no lines
        from nntrain.language.plain import located

        named = replace(document.text, name=located(mistake.path).name)
        return Problem(mistake.message, named if place is None else replace(place, text=named), hint)
    return Problem(mistake.message, place or document.text, hint)


def _as_written(mistake: Mistake, place: Place | None) -> str | None:
    """The hint of a mistake, with the value as it stands in the file where it is to be put in quotes."""
    hint, value = mistake.hint, f"'{mistake.unquoted}'"
    if hint is None or mistake.unquoted is None or place is None or value not in hint:
        return hint
    if not place.written:  # an empty item of a list
        return None
    if isinstance(read_scalar(place.written), str):  # an alias of the value
        return hint
    hint = Lines(*(line.replace(value, f"'{place.written}'") for line in lines_of(hint)))
    argument = place.text.content
    if place.text.option == ON_COMMAND_LINE and argument.endswith(f"={place.written}") and "\n" not in argument:
        hint = Lines(hint, f"in a shell: {argument.removesuffix(place.written)}\"'{place.written}'\"")
    return hint

"""The tables of every section of a config, in Markdown, from the models and their descriptions."""

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from nntrain.language.anatomy import as_model, default_of, fields, forms, items, optional, variants, words
from nntrain.language.anatomy import type_names as kinds_of
from nntrain.language.diagnostics import one_of
from nntrain.language.dump import flow
from nntrain.language.explain import bounds, kinds
from nntrain.language.section import Section

_HEAD = ("| setting | takes | default | meaning |", "|---|---|---|---|")
_HEAD_OF_TYPES = ("| setting | of | takes | default | meaning |", "|---|---|---|---|---|")


@dataclass(frozen=True)
class Row:
    """A setting in a table."""

    name: str
    takes: str
    default: str
    meaning: str


@dataclass(frozen=True)
class Reference:
    """The reference of a config.

    Args:
        root: the model of a whole config.
        starred: the type of the mark that gives a setting a star.
        shared: headings of sections that many others point to, by the name of the setting.
    """

    root: type[Section]
    starred: type
    shared: Mapping[str, str]

    def blocks(self) -> Iterator[str]:
        """Titles, texts and tables, which empty lines separate."""
        return self._section("", "The top level", self.root, 2)

    def _section(self, path: str, title: str, annotation: Any, level: int) -> Iterator[str]:
        """The blocks about a section and about the sections in it."""
        yield f"{'#' * level} {title}"
        model = as_model(annotation)
        kinds = variants(annotation)
        if model is not None:
            yield from ([inspect.cleandoc(model.__doc__ or "")] if path else [])
            yield "\n".join([*_HEAD, *(_line(row) for row in self._rows(model, path))])
            inner = [model]
        else:
            yield from self._types(kinds, path)
            inner = list(dict.fromkeys(kinds.values()))
        seen: set[str] = set()
        for model in inner:
            for name, field in fields(model).items():
                heading = self._heading(path, name)
                if _has_settings(field) and heading not in seen:
                    seen.add(heading)
                    yield from self._section(heading, f"`{heading}`", _settings(field), min(level + (path != ""), 3))

    def _types(self, kinds: dict[str, type[Section]], path: str) -> Iterator[str]:
        """The tables of a section whose settings depend on its type."""
        types = (f"| `{kind}` | {_cell(model.__doc__)} |" for kind, model in kinds.items())
        yield "\n".join(["| type | meaning |", "|---|---|", *types])
        of: dict[Row, list[str]] = {}
        for kind, model in kinds.items():
            for row in self._rows(model, path):
                if row.name.strip("`* ") != "type":
                    of.setdefault(row, []).append(f"`{kind}`")
        if of:
            every = len(kinds)
            lines = [_line(row, "every type" if len(names) == every else ", ".join(names)) for row, names in of.items()]
            yield "\n".join([*_HEAD_OF_TYPES, *lines])

    def _rows(self, model: type[Section], path: str) -> Iterator[Row]:
        for name, annotation in fields(model).items():
            info = model.model_fields[name]
            star = " \\*" if any(isinstance(mark, self.starred) for mark in info.metadata) else ""
            if name == "type" and info.description is None:
                continue
            yield Row(
                f"`{name}`{star}",
                _takes(annotation, self._heading(path, name)),
                _default(default_of(model, name)),
                _cell(info.description),
            )

    def _heading(self, path: str, name: str) -> str:
        return self.shared.get(name) or (f"{path}.{name}" if path else name)


def _line(row: Row, of: str | None = None) -> str:
    cells = [row.name, *([] if of is None else [of]), row.takes, row.default, row.meaning]
    return f"| {' | '.join(cells)} |"


def _takes(annotation: Any, heading: str) -> str:
    code = {*words(annotation), "true", "false", "null", "1"}
    first, *others = [f"`{kind}`" if kind in code else kind for kind in kinds(annotation)]
    limits = bounds(annotation)
    allowed = one_of([f"{first} ({limits})" if limits else first, *others]).replace("a mapping with a type", "a type")
    return _cell(f"{allowed}, see [`{heading}`](#{heading.replace('.', '')})" if _has_settings(annotation) else allowed)


def _default(value: Any) -> str:
    if value is ...:
        return "required"
    if isinstance(value, Section):
        kind = getattr(value, "type", None)
        given = value.model_dump(exclude_defaults=True)
        return f"`{kind}`" if kind else f"`{flow(given)}`" if given else "its defaults"
    return f"`{flow(value)}`"


def _has_settings(annotation: Any) -> bool:
    return _settings(annotation) is not None


def _settings(annotation: Any) -> Any:
    """The section or the typed union that an annotation holds, in a list too; None for a scalar."""
    if as_model(annotation):
        return as_model(annotation)
    if any(kinds_of(model) for form in forms(annotation) if (model := as_model(form))) and not optional(annotation):
        return annotation
    inner = (items(annotation), *forms(annotation))
    return next((found for form in inner if form is not None and (found := _settings(form))), None)


def _cell(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")  # Python 3.13 takes the indentation off docstrings

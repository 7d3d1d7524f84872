"""Models and plain data → YAML, which is read again as what it was made of."""

from typing import Any

import yaml

from nntrain.language.scalars import read_scalar
from nntrain.language.section import Section

_DUMPER = yaml.CSafeDumper if yaml.__with_libyaml__ else yaml.SafeDumper


class _Dumper(_DUMPER):  # type: ignore[misc, valid-type]
    """Writes what scalars.py reads back, lists of scalars on one line, and no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, value: str) -> Any:
    value = writable(value)
    # Quote also what only YAML 1.2 takes for a number: 1e-4.
    style = None if isinstance(read_scalar(value), str) else "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


def _represent_list(dumper: _Dumper, value: Any) -> Any:
    flow = not any(isinstance(item, dict) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flow)


def _represent_mapping(dumper: _Dumper, value: dict[str, Any]) -> Any:
    # A section that is only its type stays on its line.
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=list(value) == ["type"])


class _FlowDumper(_Dumper):
    """Writes everything on one line."""


def _represent_flow_text(dumper: _FlowDumper, value: str) -> Any:
    if value.isprintable():
        return _represent_text(dumper, value)
    return dumper.represent_scalar("tag:yaml.org,2002:str", writable(value), style='"')


def writable(text: str) -> str:
    r"""A text without lone surrogates, which no file can hold; those of a file's name become `\udcff`."""
    return text.encode("utf-8", "backslashreplace").decode()


def _represent_flow(dumper: _FlowDumper, value: dict[str, Any]) -> Any:
    return dumper.represent_mapping("tag:yaml.org,2002:map", value.items(), flow_style=True)


def _represent_flow_list(dumper: _FlowDumper, value: Any) -> Any:
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=True)


_Dumper.add_representer(str, _represent_text)
_Dumper.add_representer(list, _represent_list)
_Dumper.add_representer(tuple, _represent_list)
_Dumper.add_representer(dict, _represent_mapping)
_FlowDumper.add_representer(str, _represent_flow_text)
_FlowDumper.add_representer(list, _represent_flow_list)
_FlowDumper.add_representer(tuple, _represent_flow_list)
_FlowDumper.add_representer(dict, _represent_flow)


def written(section: Section, *, only: str | None = None) -> str:
    """A section, or one setting of it, as YAML, every default written out, in the order of the reference."""
    given = section.model_dump(include=None if only is None else {only})
    return "".join(block({name: value}, width=110) for name, value in _type_first(given).items())


def block(value: Any, *, width: int = 1 << 30) -> str:
    """Plain data as YAML, mappings on lines of their own and lists of scalars on one line, if it is no wider."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=width)
    return text


def flow(value: Any) -> str:
    """Plain data as YAML on one line."""
    text: str = yaml.dump(value, Dumper=_FlowDumper, sort_keys=False, allow_unicode=True, width=1 << 30)
    return text.removesuffix("\n").removesuffix("...").strip()


def _type_first(value: Any) -> Any:
    if isinstance(value, dict):
        first = [key for key in ("type", "name") if "type" in value and key in value]
        return {key: _type_first(value[key]) for key in (*first, *(key for key in value if key not in first))}
    if isinstance(value, list | tuple):
        return [_type_first(item) for item in value]
    return value

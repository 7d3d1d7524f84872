"""The JSON Schema of a config, for editors that complete and check YAML."""

from collections.abc import Iterator
from typing import Any

from nntrain.language.section import Section
from nntrain.language.unions import SHORT_FORM


def json_schema(root: type[Section], title: str) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a config file, short forms included.

    Args:
        root: the model of a whole config.
        title: what editors show.
    """
    schema = root.model_json_schema()
    definitions = schema.get("$defs", {})
    may_be_left_out = {kind for form in _short_forms(schema) for kind in form[SHORT_FORM]}
    for definition in definitions.values():
        kind = definition.get("properties", {}).get("type", {}).get("const")
        if kind is not None and kind not in may_be_left_out:
            definition["required"] = ["type", *definition.get("required", ())]
    finished: dict[str, Any] = _finish(schema, definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": title, **finished}


def _short_forms(node: Any) -> Iterator[dict[str, Any]]:
    """What `Shorthand` left in the schema."""
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    if isinstance(node, dict) and SHORT_FORM in node:
        yield node
    for child in children:
        yield from _short_forms(child)


def _finish(node: Any, definitions: dict[str, Any]) -> Any:
    """A part of the schema with the words of its shorthands and without the titles that pydantic makes up."""
    if isinstance(node, list):
        return [_finish(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if any(SHORT_FORM in form for form in node.get("anyOf", ())):
        long_forms = [form for form in node["anyOf"] if SHORT_FORM not in form]
        types = [name for form in long_forms for name in _types(form, definitions)]
        node = {**node, "anyOf": [{"enum": types}, *long_forms]}
    return {
        key: _finish(value, definitions) for key, value in node.items() if key != "title" or isinstance(value, dict)
    }


def _types(node: Any, definitions: dict[str, Any]) -> list[str]:
    """The types of the sections that a part of the schema allows."""
    if "$ref" in node:
        kind = definitions[node["$ref"].rpartition("/")[2]]["properties"]["type"]
        return list(kind.get("enum", [kind.get("const")]))
    return [name for form in node.get("oneOf", ()) if "const" not in form for name in _types(form, definitions)]

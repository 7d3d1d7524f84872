"""The JSON Schema of the config language, for editors that complete and check YAML."""

from typing import Any

from nntrain.config.root import Config

_TYPE_MAY_BE_LEFT_OUT = ("ValuesConfig",)
_SHORTHAND = {"$shorthand": True}  # where a bare word is allowed, see section.py


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a config file, short forms included."""
    schema = Config.model_json_schema()
    definitions = schema["$defs"]
    for name, definition in definitions.items():
        if "const" in definition["properties"].get("type", {}) and name not in _TYPE_MAY_BE_LEFT_OUT:
            definition["required"] = ["type", *definition.get("required", ())]
    finished: dict[str, Any] = _finish(schema, definitions)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "nntrain config", **finished}


def _finish(node: Any, definitions: dict[str, Any]) -> Any:
    """Return a part of the schema with the words of its shorthands and without the titles that pydantic makes up."""
    if isinstance(node, list):
        return [_finish(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if _SHORTHAND in node.get("anyOf", ()):
        long_forms = [form for form in node["anyOf"] if form != _SHORTHAND]
        types = [name for form in long_forms for name in _types(form, definitions)]
        node = {**node, "anyOf": [{"enum": types}, *long_forms]}
    return {
        key: _finish(value, definitions) for key, value in node.items() if key != "title" or isinstance(value, dict)
    }


def _types(node: Any, definitions: dict[str, Any]) -> list[str]:
    """Return the types of the sections that a part of the schema allows."""
    if "$ref" in node:
        kind = definitions[node["$ref"].rpartition("/")[2]]["properties"]["type"]
        return list(kind.get("enum", [kind.get("const")]))
    return [name for form in node.get("oneOf", ()) if "const" not in form for name in _types(form, definitions)]

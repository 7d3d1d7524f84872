"""`nntrain schema`"""

from nntrain.cli.console import print_json

EXAMPLE = """Example:
  nntrain schema > nntrain.schema.json"""


def run() -> None:
    """Print the JSON Schema of the config language, for editors that complete and check YAML."""
    from nntrain.config import json_schema

    print_json(json_schema())

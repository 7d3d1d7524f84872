"""`nntrain examples`"""

import shlex
from typing import Annotated

import typer

from nntrain.cli.console import BREAK, print_json, put
from nntrain.cli.options import JsonOption
from nntrain.cli.tables import print_pairs, print_paragraphs

EXAMPLE = """Example:
  nntrain examples
  nntrain examples iris -o my-experiment"""


def run(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="The example to write.", show_default=False)
    ] = None,
    directory: Annotated[
        str, typer.Option("--output", "-o", metavar="DIR", help="Where to write the config and its data.")
    ] = ".",
    json: JsonOption = False,
) -> None:
    """List the examples that come with nntrain, or write one of them: its config and its data."""
    from nntrain.examples import list_examples, write_example
    from nntrain.workflows.run.interruption import terminable

    if name is not None:
        with terminable():
            paths = write_example(name, directory)
        if json:
            print_json({"config": paths[0], "written": paths})
        else:
            following = [("written", str(path)) for path in paths]
            print_pairs([*following, ("next", f"nntrain fit {shlex.quote(str(paths[0]))}")])
        return
    examples = list_examples()
    if json:
        print_json({"examples": examples})
    else:
        print_paragraphs((example.name, f"{example.purpose} ({example.expected})") for example in examples)
        put(BREAK, "`nntrain examples NAME -o DIR` writes one.")

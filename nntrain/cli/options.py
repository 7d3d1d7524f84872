"""Arguments and options that several commands share, so that they read the same everywhere."""

from typing import Annotated

import typer

ConfigArgument = Annotated[
    str, typer.Argument(metavar="CONFIG", help="The YAML file that says what to train.", show_default=False)
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="A run directory, the name of one in the runs directory, or `latest`.",
        show_default=False,
    ),
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="KEY=VALUE",
        help="Change one value of the config: a dotted path and YAML, such as optimizer.learning_rate=0.1. "
        "May be given several times.",
        show_default=False,
    ),
]
RunsDirOption = Annotated[str, typer.Option("--runs-dir", metavar="DIR", help="Where the run directories are.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else on stdout.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Show no progress; warnings are still shown.")]

"""The program `nntrain`: its commands, `--version`, and what becomes of failures."""

import contextlib
import gc
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Annotated, Any, Self

import typer
from typer.core import TyperGroup

from nntrain.cli import check, evaluate, examples, fit, gradcheck, gridsearch, migrate, predict, runs, schema, verify
from nntrain.cli.console import prepare_streams, put
from nntrain.cli.failures import Expected, report, report_bug, report_usage, wants_json
from nntrain.cli.signals import SIGNALS
from nntrain.cli.streams import OutputError
from nntrain.visible import visible

JSON = "nntrain.json"  # in the context: whether the command is to answer in JSON
INTERRUPTED = [128 + number for number in SIGNALS]  # exit codes


class Program(TyperGroup):
    """The group of all commands. A failure that users can meet ends in its message and its exit code."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The commands in the order in which they were added, which is that of first need."""
        return list(self.commands)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Parse and run. With --json among the arguments, a command line that is wrong is a JSON object too."""
        try:
            # so that typer leaves it to us what becomes of its errors
            sys.exit(super().main(args, *rest, **{**options, "standalone_mode": False}))
        except Exception as wrong:
            if not hasattr(wrong, "format_message"):
                raise
            sys.exit(report_usage(wrong, json=wants_json(sys.argv[1:] if args is None else args)))

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **extra: Any) -> Any:
        """Begin a command line. The name of the program, which a link may change, is the only given text in --help."""
        return super().make_context(info_name and visible(info_name), args, *rest, **extra)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the options of the program, and note whether the command is to answer in JSON."""
        ctx.meta[JSON] = wants_json(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; what it printed must have arrived for it to count as done."""
        try:
            value = super().invoke(ctx)
            sys.stdout.flush()
        except Expected as failure:
            raise typer.Exit(report(failure, json=ctx.meta[JSON])) from failure
        return value


app = typer.Typer(
    name="nntrain",
    cls=Program,
    no_args_is_help=True,
    rich_markup_mode=None,  # rich would take twice as long as all the rest of --help
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        from nntrain import __version__

        put(f"nntrain {__version__}")
        raise typer.Exit


@app.callback(
    epilog="\b\nExample:\n  nntrain fit configs/iris.yaml\n  nntrain eval latest",
)
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Train neural networks from a YAML file, evaluate them, use them, and search for better ones."""


COMMANDS = {
    "fit": (fit, "Train a network and leave a run directory."),
    "eval": (evaluate, "Score a trained network."),
    "predict": (predict, "Predict with a trained network, to CSV."),
    "gridsearch": (gridsearch, "Search for better settings."),
    "check": (check, "Check a config and show its network."),
    "gradcheck": (gradcheck, "Check the gradients of a network."),
    "runs": (runs, "List runs with status and scores."),
    "verify": (verify, "Train a run again and compare the bits."),
    "migrate": (migrate, "Rewrite a config of an older version."),
    "schema": (schema, "Print the JSON Schema of configs."),
    "examples": (examples, "List or write the examples."),
}
for _name, (_module, _summary) in COMMANDS.items():
    # \b keeps the lines of the example as they are
    app.command(_name, short_help=_summary, epilog="\b\n" + _module.EXAMPLE)(_module.run)


def main() -> None:
    """Run the command line in sys.argv; ends with SystemExit. The program's entry point is in nntrain/__main__.py."""
    # What is imported stays: to look through it for garbage again and again takes a tenth of a small command's time.
    gc.set_threshold(100_000, 50, 100)
    # Otherwise pydantic looks through all that is installed for plugins, and imports them.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    # What overflows is seen in the results, and said in words there; NumPy's own would name a line of the source.
    warnings.simplefilter("ignore", RuntimeWarning)
    prepare_streams()
    json = wants_json(sys.argv[1:])
    with CtrlC() as ctrl_c:
        try:
            _run()
        except SystemExit as end:
            ctrl_c.is_over = end.code in INTERRUPTED
            raise
        except Expected as failure:  # of --help, say; what a command meets does not come this far
            sys.exit(report(failure, json=json))
        except Exception as bug:
            sys.exit(report(KeyboardInterrupt(), json=json) if ctrl_c.pressed else report_bug(bug, json=json))


def _run() -> None:
    """What was printed must have arrived for it to count as said: help, and a report that ends with 1, included."""
    try:
        app()
    except SystemExit as end:
        try:
            sys.stdout.flush()
        except OutputError as failure:
            code = report(failure)
            sys.exit(end.code or code)
        raise


class CtrlC:
    """A context in which Ctrl-C raises KeyboardInterrupt as always, and is remembered: for who calls `main` in Python.

    A module that is being imported may make another exception of it, which is no bug then. The program has handlers of
    its own (signals.py), which take no part in this.

    Attributes:
        pressed: whether it was.
        is_over: whether the program ends, so that an impatient Ctrl-C has nothing left to stop.
    """

    def __init__(self) -> None:
        self.pressed = self.is_over = False

    def __enter__(self) -> Self:
        self._takes_part = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._takes_part:
            with contextlib.suppress(ValueError):  # not the main thread
                signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        if self._takes_part:
            with contextlib.suppress(ValueError):
                signal.signal(signal.SIGINT, signal.SIG_IGN if self.is_over else signal.default_int_handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.pressed = True
        raise KeyboardInterrupt

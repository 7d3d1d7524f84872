"""`nntrain verify`"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from nntrain.cli.console import as_json, count_text, print_folded, print_json, put, seconds_text
from nntrain.cli.failures import error_object
from nntrain.cli.options import JsonOption, QuietOption, RunArgument, RunsDirOption
from nntrain.cli.run_directory import find_run
from nntrain.cli.tables import print_pairs

if TYPE_CHECKING:
    from nntrain.workflows import Verification

EXAMPLE = """Example:
  nntrain verify latest
  nntrain verify runs/iris-20261120-084900-3f9a --interrupt 20"""

MOMENTS_SHOWN = 10


def run(
    run: RunArgument,
    interruptions: Annotated[
        int,
        typer.Option(
            "--interrupt",
            metavar="N",
            min=0,
            help="Interrupt the repetition after N random batches, and resume it from disk each time.",
        ),
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="The seed of those moments.")] = 0,
    runs_dir: RunsDirOption = "runs",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train a complete run again from its config and compare weights and history, bit for bit.

    The repetition is made in a temporary directory; the run stays as it is. Prints whether they are equal, and
    otherwise the first difference: epoch, quantity and both values, or the first weight. Exit code 1 if they differ.
    """
    from nntrain import workflows
    from nntrain.cli.progress import following

    path = find_run(run, runs_dir)
    with following(quiet) as progress:
        report = workflows.verify(path, interruptions=interruptions, seed=seed, listener=progress)
    if json:
        print_json(as_object(report))
    else:
        show(report)
    if not report.reproducible:
        raise typer.Exit(1)


def as_object(report: "Verification") -> dict[str, Any]:
    """What --json prints: where the repetition differs, that is an error beside the report."""
    found: dict[str, Any] = as_json(report)
    if report.reproducible:
        return found
    difference = ", ".join(f"{label} {value}" for label, value in _difference_pairs(report))
    message = f"{report.run.name}: NOT reproducible: {difference}"
    return {**found, "error": error_object("NotReproducible", message, 1)}


def show(report: "Verification") -> None:
    """The verdict, then what it rests on."""
    if report.reproducible:
        print_folded(f"{report.run.name}: reproducible: history and weights are equal to the last bit", "good")
        put()
    else:
        print_folded(f"{report.run.name}: NOT reproducible", "bad")
        put()
        if difference := _difference_pairs(report):
            print_pairs(difference, fold=("perhaps since",))
            put()
    pairs = [("epochs", f"{report.epochs:,}"), ("sha256", report.weights_sha256)]
    if report.repeated_sha256 != report.weights_sha256:
        pairs.append(("repeated", report.repeated_sha256))
    if report.interruptions:
        pairs.append(("interrupted", _moments_text(report.interruptions)))
    print_pairs([*pairs, ("time", seconds_text(report.seconds))], fold=("interrupted",))


def _difference_pairs(report: "Verification") -> list[tuple[str, str]]:
    found = report.difference
    if found is None:
        return []
    if found.where == "weights":
        place, recorded, repeated = f"weights, {found.name}", found.recorded, found.repeated
    elif found.name is None and isinstance(found.recorded, int):
        place = f"history, epoch {found.epoch}"
        recorded, repeated = (count_text(count, "epoch") for count in (found.recorded, found.repeated))
    else:
        place = f"history, epoch {found.epoch}, {found.name or 'how it is written'}"
        recorded, repeated = found.recorded, found.repeated
    pairs = [("differs first", place), ("in the run", str(recorded)), ("in the repetition", str(repeated))]
    return [*pairs, *(("perhaps since", reason) for reason in report.reasons)]


def _moments_text(moments: list[tuple[int, int]]) -> str:
    """ "3 times: after epoch 2, after batch 5 of epoch 7, …"."""
    shown = [f"after batch {batch} of epoch {done + 1}" if batch else f"after epoch {done}" for done, batch in moments]
    rest = len(shown) - MOMENTS_SHOWN
    text = ", ".join([*shown[:MOMENTS_SHOWN], *([f"and {count_text(rest, 'more time')}"] if rest > 0 else [])])
    return f"{count_text(len(moments), 'time')}: {text}"

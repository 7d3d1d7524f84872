"""`nntrain fit`"""

import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.console import count_text, line_width, print_folded, print_json, put, seconds_text
from nntrain.cli.options import JsonOption, QuietOption, RunsDirOption, SetOption
from nntrain.cli.run_directory import find_run
from nntrain.cli.scores import show_scores
from nntrain.cli.streams import reporting
from nntrain.cli.tables import print_notes, print_pairs
from nntrain.errors import UserError
from nntrain.visible import Lines

if TYPE_CHECKING:
    from nntrain.workflows import FitResult

EXAMPLE = """Example:
  nntrain fit configs/iris.yaml
  nntrain fit configs/iris.yaml --set optimizer.learning_rate=0.1 --set seed=3
  nntrain fit --resume latest
  nntrain fit --resume latest --set training.epochs=400"""


def run(
    config: Annotated[
        str | None,
        typer.Argument(metavar="CONFIG", help="The YAML file that says what to train.", show_default=False),
    ] = None,
    resume: Annotated[
        str | None,
        typer.Option(
            "--resume",
            metavar="RUN",
            help="In place of CONFIG: go on with this run, or train it longer with --set training.epochs=N.",
            show_default=False,
        ),
    ] = None,
    force: Annotated[
        bool,
        typer.Option("--force", help="With --resume: go on although it will not end with the same bits."),
    ] = False,
    overrides: SetOption = None,
    runs_dir: RunsDirOption = "runs",
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Train the network of a config and leave a run directory.

    Prints the scores per split of the weights that were kept, and where the run is. Exit code 3 if training diverged,
    130 if Ctrl-C, 143 if SIGTERM and 129 if a closed terminal stopped it: what was reached is saved, and --resume goes
    on from there as if nothing had been. A second Ctrl-C stops at once.
    """
    from nntrain import workflows
    from nntrain.cli.progress import following

    if (config is None) is (resume is None):
        raise UserError(
            "nntrain fit takes a config, or --resume and a run"
            + (", not both" if config else ": nntrain fit CONFIG, or nntrain fit --resume RUN")
        )
    if config is not None:
        from nntrain.config import load_experiment

        if force:
            raise UserError("--force is for --resume; a new run has nothing that it could go against")
        experiment = load_experiment(config, overrides or ())
        with following(quiet) as progress:
            result = workflows.fit(experiment, runs_dir=runs_dir, listener=progress)
    else:
        run = find_run(resume or "", runs_dir)
        with following(quiet) as progress:
            result = workflows.resume(run, overrides=overrides or (), force=force, listener=progress)
    with reporting(f"The run is complete: {result.run}"):
        if json:
            print_json(result)
        else:
            show(result)


def show(result: "FitResult") -> None:
    """The summary of a fit: how it ended, scores per split, the run's path, and what to type next."""
    print_folded(
        f"{result.run.name}: {count_text(result.epochs, 'epoch')} in {seconds_text(result.seconds)} "
        f"({result.stop_reason}), {_weights_text(result)}"
    )
    put()
    if result.note is not None:
        print_folded(f"note: {result.note}")
        put()
    show_result(result, [("parameters", f"{result.parameters:,}"), ("run", str(result.run))])


def show_result(result: "FitResult", pairs: Sequence[tuple[str, str]]) -> None:
    """Scores per split beside the baseline's, then the pairs and what to type next."""
    from nntrain.workflows.results import WEIGHTED_LOSS_NOTE

    columns = {split: scores for split, scores in result.metrics.items() if scores}
    judged = next((split for split in ("test", "validation", "training") if split in columns), "training")
    show_scores(
        columns,
        judged,
        result.baseline.get(judged, {}),
        title=f"{judged} baseline",
        place=f"the {judged} split",
        positive=result.positive_class,
    )
    if any("weighted_loss" in scores for scores in result.metrics.values()):
        print_notes([WEIGHTED_LOSS_NOTE])
    if result.undefined:
        print_notes(result.undefined)
    split = "" if judged == "test" else f" --split {judged}"
    print_pairs([*pairs, ("next", f"nntrain eval {shlex.quote(str(result.run))}{split}")], fold=("best",))
    if result.longer is not None:
        put(Lines("", "still improving when its epochs ran out; to train longer:", *_command(result.longer)))


def _weights_text(result: "FitResult") -> str:
    """Which weights were kept: "best epoch 54", "best epoch 54 by validation.accuracy", "weights of epoch 74"."""
    if result.keeps == "last":
        return f"weights of epoch {result.best_epoch}"
    by = "" if result.judged_by == "validation.loss" else f" by {result.judged_by}"
    return f"best epoch {result.best_epoch}{by}"


def _command(text: str) -> list[str]:
    """A command below a message, in two lines that can be copied as one where the terminal is too narrow."""
    command, _, epochs = text.rpartition(" --set ")
    return [f"  {text}"] if len(text) + 2 <= line_width() else [f"  {command} \\", f"    --set {epochs}"]

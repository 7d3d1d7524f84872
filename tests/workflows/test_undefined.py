"""What is monitored or shown may be undefined: known before training it is refused, met in training it gets a word."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import nntrain
from nntrain import workflows
from nntrain.errors import ConfigError, Interrupted
from nntrain.workflows import FitResult, evaluation, resume
from nntrain.workflows.run.interruption import Rehearsal
from tests.experiments import load, write_table
from tests.workflows.conftest import Heard

NETWORK = "network: [{type: dense, units: auto, activation: auto}]\ntraining: {epochs: 4}\n"
SPLIT = "split: {validation: {path: v.csv}, test: 0}"


@pytest.fixture(autouse=True)
def _in_workdir(workdir: Path) -> None:
    """Runs are made in the test's own directory."""


def classes(validation: Sequence[str]) -> str:
    """Yes or no, with a validation file whose targets are given."""
    write_table("t.csv", ("x", "y"), [(i % 20, ("no", "yes")[i % 2]) for i in range(40)])
    write_table("v.csv", ("x", "y"), list(enumerate(validation)))
    return f"data: {{path: t.csv, target: y, {SPLIT}}}\n{NETWORK}"


def values(validation: Sequence[float]) -> str:
    """Numbers, with a validation file whose targets are given."""
    write_table("t.csv", ("x", "y"), [(i % 20, i * 7 % 40 / 8) for i in range(40)])
    write_table("v.csv", ("x", "y"), list(enumerate(validation)))
    return f"data: {{path: t.csv, target: y, task: regression, {SPLIT}}}\n{NETWORK}"


def labels(validation: Sequence[Sequence[int]]) -> str:
    """Three labels, with a validation file whose targets are given."""
    write_table("t.csv", ("x", "a", "b", "c"), [(i, i % 2, i // 2 % 2, i // 4 % 2) for i in range(40)])
    write_table("v.csv", ("x", "a", "b", "c"), [(i, *row) for i, row in enumerate(validation)])
    return f"data: {{path: t.csv, target: [a, b, c], task: multilabel, {SPLIT}}}\n{NETWORK}"


# The quantities of each kind of task, in the order in which they are listed.
QUANTITIES = {
    classes: ("loss", "accuracy", "balanced_accuracy", "precision", "recall", "f1", "roc_auc"),
    values: ("loss", "rmse", "mae", "r2", "max_error"),
    labels: ("loss", "accuracy", "precision", "recall", "f1", "roc_auc"),
}
OF_POSITIVES = ("precision", "recall", "f1")
NO_YES = "is 0 for every network, because the validation split has no example of the class 'yes'"
NO_LABEL = "is 0 for every network, because the validation split has no example with a label"

# Validation targets, and what cannot be monitored on them. scikit-learn warns of the same as undefined or ill-defined.
CASES: dict[str, tuple[Callable[[Any], str], list[Any], dict[str, str]]] = {
    "both classes": (classes, ["no", "yes", "no"], {}),
    "only the positive class": (
        classes, ["yes", "yes"], {"roc_auc": "needs examples of both classes, but the validation split has 'yes' only"},
    ),
    "only the negative class": (
        classes, ["no", "no", "no"],
        {"roc_auc": "needs examples of both classes, but the validation split has 'no' only",
         **dict.fromkeys(OF_POSITIVES, NO_YES)},
    ),
    "two values": (values, [1, 2.5], {}),
    "one value": (values, [1.5], {"r2": "needs at least 2 examples, but the validation split has 1"}),
    "equal values": (
        values, [1.5, 1.5, 1.5],
        {"r2": "is 0 for every network that is not perfect, because the target is constant in the validation split"},
    ),
    "every label": (labels, [(0, 1, 1), (1, 0, 0)], {}),
    "a label that is never 1": (
        labels, [(0, 0, 1), (1, 0, 0)],
        {"roc_auc": "needs both 0 and 1 for every label, but 'b' is 0 all through the validation split"},
    ),
    "a label that is always 1": (
        labels, [(0, 1, 1), (1, 0, 1)],
        {"roc_auc": "needs both 0 and 1 for every label, but 'c' is 1 all through the validation split"},
    ),
    "no label at all": (
        labels, [(0, 0, 0), (0, 0, 0)],
        {"roc_auc": "needs both 0 and 1 for every label, but 'a' is 0 all through the validation split",
         **dict.fromkeys(OF_POSITIVES, NO_LABEL)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_what_can_be_monitored_and_what_not(case: str) -> None:
    make, targets, useless = CASES[case]
    text, allowed = make(targets), [f"validation.{q}" for q in QUANTITIES[make] if q not in useless]
    for name in QUANTITIES[make]:
        experiment = load(f"{text}early_stopping: {{monitor: validation.{name}}}\n")
        if name not in useless:
            assert workflows.check(experiment).validation == len(targets)
            continue
        monitor = f"validation.{name}"
        for command in (workflows.check, nntrain.fit):
            with pytest.raises(ConfigError) as caught:
                command(experiment)
            assert str(caught.value) == (
                f"a.yaml:4:27: early_stopping.monitor is {monitor}, which {useless[name]}\n"
                f"    4 | early_stopping: {{monitor: {monitor}}}\n"
                f"      |                           {'^' * len(monitor)} these can be monitored: {', '.join(allowed)}\n"
                "1 error in a.yaml"
            )
    assert not Path("runs").exists()


@pytest.mark.parametrize("case", CASES)
def test_what_can_be_monitored_is_a_number_that_moves(case: str) -> None:
    """The table above is right: after some epochs with any network, the others are numbers; and these are not."""
    make, targets, useless = CASES[case]
    names = [name for name in QUANTITIES[make] if name != "loss"]
    result = nntrain.fit(load(make(targets), f"metrics=[{', '.join(names)}]"))
    lines = [json.loads(line) for line in (result.run / "history.jsonl").read_text().splitlines()]
    for name in QUANTITIES[make]:
        seen = {line[f"validation.{name}"] for line in lines}
        assert (None in seen) == ("needs" in useless.get(name, ""))
        if useless.get(name, "").startswith("is 0"):
            assert seen == {0.0}


def test_a_training_split_is_looked_at_too() -> None:
    write_table("t.csv", ("x", "a", "b"), [(i, i % 2, int(i == 0)) for i in range(12)])
    text = (
        "data: {path: t.csv, target: [a, b], task: multilabel, split: {validation: 0.5, test: 0.2, seed: 1}}\n"
        f"{NETWORK}early_stopping: {{monitor: training.roc_auc}}\n"
    )
    said = set()
    for seed in range(6):
        try:
            workflows.check(load(text, f"data.split.seed={seed}"))
        except ConfigError as error:
            said.add(str(error).splitlines()[0])
    assert said == {
        "a.yaml:4:27: early_stopping.monitor is training.roc_auc, which needs both 0 and 1 for every label, but 'b' is "
        "0 all through the training split"
    }


# What is only shown


def heard_fit(text: str, *overrides: str) -> tuple[FitResult, list[str]]:
    """The result, and what was said; less what is said of numbers that were far from the training rows anyway."""
    heard = Heard()
    result = nntrain.fit(load(text, *overrides), listener=heard)
    assert result.warnings == heard.warnings
    return result, [message for message in heard.warnings if "far from the training rows" not in message]


def test_a_score_that_is_shown_as_undefined_says_why() -> None:
    expected = [
        "r2 is undefined for the validation examples: it needs at least 2 examples, but the validation split has 1"
    ]
    result, warnings = heard_fit(values([1.5]))
    assert result.undefined == expected
    assert warnings == []
    assert math.isnan(result.metrics["validation"]["r2"])
    assert heard_fit(values([1.5]), "metrics=[rmse]")[0].undefined == []


def test_eval_says_why() -> None:
    run = nntrain.fit(load(classes(["yes", "yes"]))).run
    report = evaluation(run, split="validation")
    assert report.undefined == {"roc_auc": "needs examples of both classes, but the validation split has 'yes' only"}
    assert report.to_json()["undefined"] == report.undefined
    assert evaluation(run, split="training").undefined == {}
    write_table("one.csv", ("x", "y"), [(1, "no")])
    assert evaluation(run, data="one.csv").undefined == {
        "roc_auc": "needs examples of both classes, but one.csv has 'no' only"
    }


# What shows only in training


def far(value: str, *, epochs: int = 6) -> str:
    """A linear network from weights 2; squares of what it makes of the validation examples overflow at first."""
    write_table("near.csv", ("a", "y"), [(i / 40, i % 5 / 10) for i in range(40)])
    write_table("far.csv", ("a", "y"), [(value, i) for i in range(6)])
    return (
        "data: {path: near.csv, target: y, task: regression, preprocess: {numeric: none},\n"
        "       split: {validation: {path: far.csv}, test: 0}}\n"
        "network: [{type: dense, units: auto, initializer: {type: constant, value: 2.0}}]\n"
        f"training: {{epochs: {epochs}}}\nmetrics: []\n"
    )


NOT_FINITE = "because the network puts out numbers that are not finite or too large for some examples"
AT_FIRST = (
    f"validation.loss is undefined in epoch 1, {NOT_FINITE}; such an epoch is never the best one, and does not count "
    "before the first number"
)
AT_LAST = (
    "scores of the validation examples are undefined: for some of them the network puts out numbers that are not "
    "finite or too large; look for values far from those it was trained on"
)


@pytest.mark.parametrize("rule", ["early_stopping={patience: 2}", "early_stopping={patience: 2, restore_best: false}"])
def test_no_epoch_is_the_best_one_where_none_has_a_number(rule: str) -> None:
    """Training is not ended by the patience, and ends with the last weights."""
    result, warnings = heard_fit(far("3e38"), rule)
    assert warnings == [AT_FIRST, AT_LAST]
    assert (result.epochs, result.best_epoch, result.stop_reason) == (6, 6, "all epochs done")


def test_a_plateau_does_not_lower_the_rate_for_it() -> None:
    result, warnings = heard_fit(far("3e38"), "early_stopping=null", "schedule={type: plateau, patience: 1}")
    assert warnings == [AT_FIRST, AT_LAST]
    lines = [json.loads(line) for line in (result.run / "history.jsonl").read_text().splitlines()]
    assert {line["learning_rate"] for line in lines} == {0.001}


def test_nothing_is_said_of_a_quantity_that_decides_nothing() -> None:
    assert heard_fit(far("3e38"), "early_stopping=null")[1] == [AT_LAST]


def test_the_first_number_is_the_best_until_there_is_a_better_one() -> None:
    """(2 · 1e19)² overflows; the weight falls by 0.02 in a step, and somewhere on its way it does not any more."""
    text = far("1e19", epochs=300)
    result, warnings = heard_fit(text, "optimizer={type: adam, learning_rate: 0.02}", "early_stopping={patience: 5}")
    lines = [json.loads(line) for line in (result.run / "history.jsonl").read_text().splitlines()]
    losses = [line["validation.loss"] for line in lines]
    first = next(place for place, loss in enumerate(losses) if loss is not None)
    assert first > 5  # the patience would have ended it before
    assert warnings == [AT_FIRST]
    numbers = {place: loss for place, loss in enumerate(losses, start=1) if loss is not None}
    assert result.best_epoch == min(numbers, key=lambda place: (numbers[place], place))


def test_a_run_that_goes_on_says_it_as_one_without_interruption() -> None:
    heard = Heard()
    with pytest.raises(Interrupted):
        nntrain.fit(load(far("3e38")), interruption=Rehearsal(4), runs_dir="interrupted")
    [run] = Path("interrupted").iterdir()
    again = resume(run, listener=heard)
    undisturbed, _ = heard_fit(far("3e38"))
    assert heard.warnings == undisturbed.warnings
    assert (run / "history.jsonl").read_bytes() == (undisturbed.run / "history.jsonl").read_bytes()
    assert again.weights_sha256 == undisturbed.weights_sha256


def test_members_without_a_number_leave_the_others_alone() -> None:
    """A search trains both as one population; each ends as it would alone."""
    text = far("1e19")
    values = [{"type": "constant", "value": 2.0}, {"type": "zeros"}]
    board = nntrain.gridsearch(load(text), parameters={"network.0.initializer": values})
    for row in board.table:
        alone = nntrain.fit(load(text, f"network.0.initializer={json.dumps(row['network.0.initializer'])}"))
        assert row["best_epoch"] == alone.best_epoch
        last = json.loads((alone.run / "history.jsonl").read_text().splitlines()[alone.best_epoch - 1])
        assert row["training.loss"] == last["training.loss"]

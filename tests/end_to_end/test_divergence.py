"""Fits that diverge: the report names the right step, layer and rows, and what it says to try helps."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from nntrain.cli.app import app
from nntrain.config import load_experiment
from nntrain.errors import DivergedError, Interrupted
from nntrain.workflows import fit, gridsearch, resume
from nntrain.workflows.run.interruption import Rehearsal

ROOT = Path(__file__).parent.parent.parent

# One weight that starts at 1. Every batch has as many targets 1 as −1 for x = 1, so the loss is w² + 1 and the gradient
# 2w: w ← (1 − 2α) w in each of the three steps of an epoch.
RATE = """\
name: rate
data: {path: ones.csv, target: y, task: regression, split: {validation: 0, test: 0}, preprocess: {numeric: none}}
network:
  - {type: dense, units: 1, bias: false, initializer: {type: constant, value: 1}}
optimizer: {type: sgd, learning_rate: 1000}
training: {epochs: 500, batch_size: 4, shuffle: false}
"""

ROWS = """\
name: rows
data: {path: table.csv, target: y, split: {validation: 0, test: 0}, preprocess: {numeric: none}}
network:
  - {type: dense, units: 1, bias: false, initializer: {type: constant, value: 2}}
optimizer: {type: sgd, learning_rate: 0.001}
training: {epochs: 5, batch_size: 4, shuffle: false}
"""

DEEP = f"""\
name: deep
data: {{path: {ROOT}/datasets/iris.csv, target: species}}
network:
{"  - {type: dense, units: 64, initializer: {type: normal, std: 1}}" + chr(10)}{{more}}\
  - {{type: dense, units: auto, activation: auto, initializer: {{type: normal, std: 1}}}}
optimizer: {{type: sgd, learning_rate: 0.001}}
training: {{epochs: 5, batch_size: 16}}
""".replace("{more}", "  - {type: dense, units: 64, initializer: {type: normal, std: 1}}\n" * 28)


@pytest.fixture
def folder(workdir: Path) -> Path:
    """The configs with their data, in the current directory."""
    (workdir / "rate.yaml").write_text(RATE)
    (workdir / "ones.csv").write_text("x,y\n" + "1,1\n1,-1\n" * 6)
    (workdir / "rows.yaml").write_text(ROWS)
    write_table(workdir, bad=(3e38, 1.5))
    (workdir / "deep.yaml").write_text(DEEP)
    return workdir


def write_table(folder: Path, *, bad: tuple[float, float], target: float = 0.5) -> None:
    """Sixteen rows, of which the one in line 12, the third of the third batch of four, is out of range."""
    rng = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{a + b:.3f}" for a, b in rng.uniform(1, 2, (16, 2))]
    rows[10] = f"{bad[0]!r},{bad[1]!r},{target!r}"
    (folder / "table.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")


def diverged(config: str, *overrides: str) -> tuple[str, dict[str, Any], Path]:
    """The text of the report, the document and the run directory of a fit."""
    with pytest.raises(DivergedError) as caught:
        fit(load_experiment(config, overrides), runs_dir="runs")
    run = max(Path("runs").iterdir(), key=lambda path: path.stat().st_mtime_ns)
    return str(caught.value), json.loads((run / "divergence.json").read_text()), run


@pytest.mark.usefixtures("folder")
def test_a_learning_rate_of_1000_by_hand() -> None:
    """The weight is 1999ᵏ⁻¹ before step k; in step 7, the first of epoch 3, its square, 4.07e39, is too large.

    The gradient grew 1999-fold: 1000 / (1 + 1999) is the rate that reaches the minimum of this parabola in one step,
    and half of it, 0.25, is still well above what is proposed, which has one digit.
    """
    text, document, run = diverged("rate.yaml")
    assert text.splitlines() == [
        "training diverged in epoch 3, batch 1: the loss became infinite. The weights of epoch 2 are kept.",
        "",
        "  epoch  batch      loss  |activation|  |gradient|  |weight|  gradient norm",
        "      1      2     4e+06         2e+03       4e+03     4e+06          4e+03",
        "      1      3   1.6e+13         4e+06    7.99e+06  7.99e+09       7.99e+06",
        "      2      1  6.38e+19      7.99e+09     1.6e+10   1.6e+13        1.6e+10",
        "      2      2  2.55e+26       1.6e+13    3.19e+13  3.19e+16       3.19e+13",
        "      2      3  1.02e+33      3.19e+16    6.38e+16  6.38e+19       6.38e+16",
        "      3      1  infinite      6.38e+19    1.28e+20  1.28e+23       1.28e+20",
        "",
        "Rows of the batch: ones.csv:2, 3, 4, 5.",
        "Most likely to help:",
        "  optimizer.learning_rate: 0.2 (it is 1000: the gradient grew 2e+03-fold in a step, an update was 2e+03 times "
        "the weights)",
        f"The run is in {run}; divergence.json has all of this.",
    ]
    assert (document["epoch"], document["batch"], document["quantity"], document["layer"]) == (3, 1, "loss", None)
    assert document["rows"] == ["ones.csv:2", "ones.csv:3", "ones.csv:4", "ones.csv:5"]
    assert [step["weight"] for step in document["before"]] == pytest.approx([1999.0**k for k in range(2, 7)], rel=1e-5)
    assert document["figures"]["loss"] is None
    assert document["remedies"][0]["setting"] == "optimizer.learning_rate"
    assert document["remedies"][0]["value"] == 0.2
    status = json.loads((run / "status.json").read_text())
    assert (status["status"], status["message"]) == (
        "diverged",
        "training diverged in epoch 3, batch 1: the loss became infinite",
    )


@pytest.mark.usefixtures("folder")
def test_what_was_reached_before_is_kept_and_scored() -> None:
    """With α = 1.5 the weight doubles: it is 2⁶ after two epochs, and its loss on every batch 2¹² + 1."""
    _, document, run = diverged(
        "rate.yaml", "optimizer.learning_rate=1.5", "early_stopping={monitor: training.loss, patience: 99}"
    )
    assert document["kept_epoch"] == 1
    result = json.loads((run / "result.json").read_text())
    assert (result["stop_reason"], result["best_epoch"]) == ("diverged", 1)
    with np.load(run / "weights.npz") as weights:
        assert weights["0.w"].tolist() == [[-8.0]]  # (−2)³
    assert result["metrics"]["training"]["loss"] == pytest.approx(8.0**2 + 1)
    # 2ᵏ⁻¹ is beyond the root of a quarter of the largest number, 2⁶³, from k = 64 on: the four squares are summed.
    assert (document["epoch"], document["batch"]) == (22, 1)
    assert result["epochs"] == 22


@pytest.mark.usefixtures("folder")
def test_a_resumed_run_reports_the_same() -> None:
    _, whole, _ = diverged("rate.yaml", "optimizer.learning_rate=1.5")
    with pytest.raises(Interrupted):
        fit(
            load_experiment("rate.yaml", ["optimizer.learning_rate=1.5"]),
            runs_dir="stopped",
            interruption=Rehearsal(40),
        )
    [run] = Path("stopped").iterdir()
    with pytest.raises(DivergedError) as caught:
        resume(run)
    assert "training diverged in epoch 22, batch 1: the loss became infinite." in str(caught.value)
    assert json.loads((run / "divergence.json").read_text()) == whole


@pytest.mark.usefixtures("folder")
def test_the_command_line_ends_with_3() -> None:
    ended = CliRunner().invoke(app, ["fit", "rate.yaml", "--json"])
    assert ended.exit_code == 3
    assert "training diverged in epoch 3, batch 1: the loss became infinite." in ended.stderr
    assert json.loads(ended.stdout)["error"]["type"] == "DivergedError"
    assert len(ended.stderr.splitlines()) < 25


@pytest.mark.usefixtures("folder")
def test_a_row_with_3e38_by_hand() -> None:
    """2 · 3 · 10³⁸ is beyond float32, in line 12, which is in the third batch."""
    text, document, run = diverged("rows.yaml")
    rows = ["table.csv:10", "table.csv:11", "table.csv:12", "table.csv:13"]
    assert (document["epoch"], document["batch"], document["quantity"]) == (1, 3, "activation")
    assert (document["layer"], document["layer_type"], document["infinite"], document["total"]) == ("0", "dense", 1, 4)
    assert (document["rows"], document["responsible_rows"]) == (rows, ["table.csv:12"])
    [cell] = document["out_of_range"]
    assert (cell["row"], cell["column"], cell["value"], cell["epoch"], cell["batch"]) == (
        "table.csv:12",
        "a",
        3e38,
        1,
        3,
    )
    assert 1 < cell["typical"] < 2
    lines = text.splitlines()
    assert lines[0] == (
        "training diverged in epoch 1, batch 3: the activation of layer 0 (dense) became infinite (1 of 4 numbers). No "
        "epoch was completed before it; the initial weights are kept."
    )
    typical = f"{cell['typical']:.3g}"
    assert lines[-6:] == [
        "Rows of the batch: table.csv:10, 11, 12, 13.",
        "It came from: table.csv:12.",
        f"Out of range: table.csv:12: a is 3e+38; {typical} is typical.",
        "Most likely to help:",
        f"  correct or remove table.csv:12 (a is 3e+38, where {typical} is typical)",
        f"The run is in {run}; divergence.json has all of this.",
    ]


def test_a_row_is_blamed_for_what_it_did_to_the_weights_before(folder: Path) -> None:
    """Its own batch is finite: (2 · 10¹²)² = 4 · 10²⁴. But then the weights are 10²¹ and the next loss is not."""
    write_table(folder, bad=(1e12, 1.5))
    _, document, _ = diverged("rows.yaml")
    assert (document["epoch"], document["batch"], document["quantity"]) == (1, 4, "loss")
    assert "table.csv:12" not in document["rows"]
    assert [(cell["row"], cell["batch"]) for cell in document["out_of_range"]] == [("table.csv:12", 3)]
    assert document["remedies"][0]["value"] == "correct or remove table.csv:12"


def test_a_target_out_of_range(folder: Path) -> None:
    write_table(folder, bad=(1.5, 1.5), target=-1e30)
    text, document, _ = diverged("rows.yaml")
    assert (document["epoch"], document["batch"], document["quantity"]) == (1, 3, "loss")
    assert document["responsible_rows"] == ["table.csv:12"]
    assert document["remedies"][0]["value"] == "correct or remove table.csv:12"
    assert "table.csv:12: y is -1e+30;" in text


@pytest.mark.usefixtures("folder")
def test_an_outlier_that_scaling_has_tamed_is_not_the_only_suspect() -> None:
    """Standardized it is but √15 = 3.9: it is shown, but what made the training diverge is the rate of 1000."""
    text, document, _ = diverged("rows.yaml", "data.preprocess.numeric=standard", "optimizer.learning_rate=1000")
    assert "Out of range: table.csv:12" in text
    settings = [remedy["setting"] for remedy in document["remedies"]]
    assert settings == [None, "optimizer.learning_rate"]


@pytest.mark.usefixtures("folder")
def test_an_exploding_deep_linear_network() -> None:
    """Thirty layers, each of which multiplies by √64 = 8 (the first by √4 = 2): about 2 · 8²⁸ = 3.9e25.

    The loss of these logits is finite, and so are gradients of that size. But with the rate 0.001 the weights become
    about 1e22, and the second layer multiplies what the first has made 1e22 times larger once more.
    """
    text, document, _ = diverged("deep.yaml")
    assert (document["epoch"], document["batch"], document["quantity"]) == (1, 2, "activation")
    assert (document["layer"], document["layer_type"]) == ("1", "dense")
    assert document["infinite"] + document["nan"] == document["total"] == 16 * 64
    assert document["responsible_rows"] == []
    assert len(document["rows"]) == 16
    assert document["out_of_range"] == []
    [remedy] = document["remedies"]
    assert (remedy["setting"], remedy["value"]) == ("initializer", "glorot_uniform")
    factor, depth, std = 8.0, 30, 1 / 8
    assert f"in each of {depth} layers" in remedy["reason"] or f"in each of {depth - 1} layers" in remedy["reason"]
    grown = float(remedy["reason"].partition("activations grow ")[2].partition("-fold")[0])
    assert grown == pytest.approx(factor, rel=0.1)
    kept = float(remedy["reason"].partition("std: ")[2].partition(" in place of 1 ")[0])
    assert kept == pytest.approx(std, rel=0.1)
    assert len(text.splitlines()) < 20


@pytest.mark.usefixtures("folder")
def test_with_the_initializer_that_is_proposed_it_learns() -> None:
    result = fit(load_experiment("deep.yaml", [f"network.{k}.initializer=glorot_uniform" for k in range(30)]))
    assert result.metrics["training"]["accuracy"] > 0.6


DIABETES = f"""\
name: diabetes
data: {{path: {ROOT}/datasets/diabetes.csv, target: progression}}
network:
  - {{type: dense, units: 16, activation: relu, initializer: he_normal}}
  - {{type: dense, units: auto, activation: auto}}
optimizer: {{type: sgd, learning_rate: 1000}}
training: {{epochs: 30, batch_size: 16}}
"""


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("data.preprocess.target=standard",),
        ("data.preprocess.target=standard", "optimizer={type: sgd, learning_rate: 0.6, momentum: 0.9}"),
        ("data.preprocess.target=standard", "optimizer={type: adam, learning_rate: 1e20}"),
        ("data.preprocess.target=standard", "network.0.activation=tanh", "optimizer.learning_rate=10"),
        ("data.preprocess.numeric=none",),
    ],
    ids=["raw targets", "standard targets", "momentum", "adam", "tanh", "raw inputs"],
)
def test_with_the_rate_that_is_proposed_it_learns(workdir: Path, overrides: tuple[str, ...]) -> None:
    """Better than the mean of the targets, whose r2 is 0."""
    (workdir / "diabetes.yaml").write_text(DIABETES)
    _, document, _ = diverged("diabetes.yaml", *overrides)
    rates = [r["value"] for r in document["remedies"] if r["setting"] == "optimizer.learning_rate"]
    assert len(rates) == 1
    result = fit(load_experiment("diabetes.yaml", [*overrides, f"optimizer.learning_rate={rates[0]!r}"]))
    assert result.metrics["training"]["r2"] > 0


@pytest.mark.usefixtures("workdir")
def test_scaling_is_proposed_where_it_lacks() -> None:
    Path("diabetes.yaml").write_text(DIABETES)
    _, document, _ = diverged("diabetes.yaml", "data.preprocess.numeric=none")
    settings = [remedy["setting"] for remedy in document["remedies"]]
    assert settings == ["data.preprocess.numeric", "data.preprocess.target", "optimizer.learning_rate"]


BURST = """\
name: burst
data: {path: table.csv, target: y, task: regression, split: {validation: 0, test: 0}, preprocess: {numeric: none}}
network:
  - {type: dense, units: 1, initializer: {type: constant, value: 0}}
optimizer: {type: sgd, learning_rate: 0.01}
training: {epochs: 2, batch_size: 1, shuffle: false}
"""


def test_clipping_is_proposed_where_gradients_were_short_before_a_burst(workdir: Path) -> None:
    """Sixty rows of size 1, then one of 2 · 10¹⁰, then others: the gradient's usual length is a bound that holds."""
    rng = np.random.default_rng(1)
    x = rng.uniform(1, 2, 80)
    y = rng.choice([-1.0, 1.0], 80)
    x[60] = 2e10
    (workdir / "burst.yaml").write_text(BURST)
    (workdir / "table.csv").write_text("x,y\n" + "".join(f"{a:.6g},{b}\n" for a, b in zip(x, y, strict=True)))
    _, document, _ = diverged("burst.yaml")
    assert (document["epoch"], document["batch"]) == (2, 61)
    [row, clipping] = document["remedies"]
    assert row["value"] == "correct or remove table.csv:62"
    assert clipping["setting"] == "regularization.clip_norm"
    # The gradient is 2 (w x + b ∓ 1) (x, 1) with w and b near 0: its length is 2 √(1 + x²), from 2.8 to 4.5.
    assert 1 < clipping["value"] <= 4.5
    assert fit(load_experiment("burst.yaml", [f"regularization.clip_norm={clipping['value']}"])).epochs == 2


def test_a_search_tells_which_points_diverged_and_when(folder: Path) -> None:
    (folder / "search.yaml").write_text(
        RATE.replace("split: {validation: 0, test: 0}", "split: {validation: 0.25, test: 0}").replace(
            "epochs: 500", "epochs: 30"
        )
    )
    found = gridsearch(load_experiment("search.yaml"), parameters={"optimizer.learning_rate": [0.1, 1000.0]})
    status = {row["optimizer.learning_rate"]: row["status"] for row in found.table}
    assert status[0.1] == "ok"
    assert status[1000.0].startswith("diverged in epoch ")

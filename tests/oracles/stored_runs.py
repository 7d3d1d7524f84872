"""Makes the runs of tests/stored_runs/v1/ by `python -m tests.oracles.stored_runs`, in the top folder of the checkout.

It was run once, before the first release, and is kept to say how they were made. It leaves no trace of the machine: the
config and the data are given by relative paths, and host, process and kernel are replaced by made-up ones.
"""

import json
import shutil
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import nntrain
from nntrain import workflows
from nntrain.runs.jsonfile import encode

FOLDER = Path("tests/stored_runs/v1")
NAMES = ("wine", "diabetes")
MORE_EPOCHS = 12  # for the run whose epochs ran out


def main() -> None:
    """Make both runs, and write down what they answer."""
    expected = {}
    for name in NAMES:
        run = FOLDER / name
        shutil.rmtree(run, ignore_errors=True)
        config = FOLDER / f"{name}.yaml"
        sys.argv = ["nntrain", "fit", str(config)]
        nntrain.fit(nntrain.load_experiment(config), runs_dir=FOLDER).run.rename(run)
        make_anonymous(run)
        expected[name] = answers(run, Path("datasets") / f"{name}.csv")
    longer = nntrain.load_experiment(FOLDER / "diabetes.yaml", [f"training.epochs={MORE_EPOCHS}"])
    result = nntrain.fit(longer, runs_dir=FOLDER)
    expected["diabetes"]["longer"] = {"epochs": result.epochs, "metrics": result.metrics}
    shutil.rmtree(result.run)
    (FOLDER / "expected.json").write_bytes(encode(expected))


def answers(run: Path, table: Path) -> dict[str, Any]:
    """Scores of every split, and predictions for the table."""
    model = nntrain.load_run(run)
    predictions = list(workflows.predict(run, table).rows)
    return {
        "scores": {split: nntrain.evaluate(run, split=split) for split in ("training", "validation", "test")},
        "weights_sha256": json.loads((run / "result.json").read_text())["weights_sha256"],
        "feature_names": model.feature_names,
        "classes": model.classes,
        "predictions": [value for (value,) in predictions],
    }


def make_anonymous(run: Path) -> None:
    """Replace what tells of the machine, and make the checksum of environment.json fit again."""
    environment = json.loads((run / "environment.json").read_text())
    environment |= {"platform": "Linux-6.1.0-x86_64-with-glibc2.36"}
    content = encode(environment)
    (run / "environment.json").write_bytes(content)
    status = json.loads((run / "status.json").read_text())
    status |= {"host": "example", "pid": 4321, "process_started": None}
    status["sha256"]["environment.json"] = sha256(content).hexdigest()
    (run / "status.json").write_bytes(encode(status))


if __name__ == "__main__":
    main()

"""Words of the config language that other packages define too; and what importing it costs."""

import subprocess
import sys
from typing import get_args

from nntrain.config.data import DataConfig, PreprocessConfig, SyntheticKind
from nntrain.config.training import METRICS
from nntrain.data import readers
from nntrain.data.readers import FORMATS
from nntrain.data.readers.synthetic import Synthetic
from nntrain.data.scaling import METHODS
from nntrain.tasks import Task
from nntrain.train.metrics import METRICS as COMPUTED


def words(field: str) -> set[str]:
    return set(get_args(PreprocessConfig.model_fields[field].annotation))


def test_every_metric_can_be_named() -> None:
    assert set(METRICS) == set(COMPUTED)


def test_every_synthetic_set_can_be_named() -> None:
    assert set(get_args(SyntheticKind)) == set(get_args(Synthetic))


def test_every_format_can_be_named() -> None:
    assert set(get_args(DataConfig.model_fields["format"].annotation)) == {"auto", *FORMATS}


def test_every_scaling_can_be_named() -> None:
    assert words("numeric") == words("target") == set(METHODS)


def test_every_task_can_be_named() -> None:
    assert set(get_args(DataConfig.model_fields["task"].annotation)) == {"auto", *map(str, Task)}


def test_reading_a_config_imports_nothing_that_is_slow() -> None:
    code = "import sys, nntrain.config; print({'numpy', 'rich', 'typer', 'difflib'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_every_format_has_an_ending() -> None:
    assert set(readers._SUFFIXES.values()) == set(FORMATS)

"""Settings in few words."""

import pytest

from nntrain.cli import settings
from nntrain.cli.settings import setting_text, short_names
from tests.counting import Watched


@pytest.mark.parametrize(
    ("paths", "others", "expected"),
    [
        (["optimizer.learning_rate"], [], ["learning_rate"]),
        (["network.hidden.units", "network.output.units"], [], ["hidden.units", "output.units"]),
        (["network.0.units", "network.1.units", "network.1.rate"], [], ["0.units", "1.units", "rate"]),
        (["seed", "data.split.seed"], [], ["seed", "split.seed"]),
        (["data.split.test", "data.split.validation"], ["validation.loss"], ["test", "validation"]),
        (["loss", "optimizer.type"], ["validation.loss"], ["loss", "type"]),
        (["a.parameters"], ["rank", "parameters"], ["a.parameters"]),
        (["network.0"], [], ["network.0"]),  # a number alone says nothing
        ([], [], []),
    ],
)
def test_what_tells_them_apart(paths: list[str], others: list[str], expected: list[str]) -> None:
    short = short_names(paths, others)
    assert list(short) == paths
    assert list(short.values()) == expected
    assert len(set(short.values())) == len(paths)


def test_values_are_as_one_would_write_them() -> None:
    assert [setting_text(value) for value in (0.1, 1e-05, 16, "relu", None, [1, 2])] == [
        "0.1", "1e-05", "16", "relu", "null", "[1, 2]",
    ]  # fmt: skip


def test_no_path_is_compared_with_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "_endings", lambda path: [Watched("units"), Watched(path)])
    monkeypatch.setattr(Watched, "compared", 0)
    short_names([f"network.{place}.units" for place in range(1_000)])
    assert Watched.compared < 20_000

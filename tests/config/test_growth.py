"""The work that a config asks for grows with its size, not with the square of it: counted, at one size and the double.

A hostile config of 1 MiB is told of within seconds then.
"""

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from nntrain.config.data import OrdinalColumnConfig
from nntrain.config.experiment import load_experiment
from nntrain.errors import ConfigError
from tests.counting import Watched, calls

DATA = "data: {synthetic: moons}\n"
NETWORK = "network: [{type: dense, units: auto}]\n"
SPACE = "search:\n  space:\n"


def lines(count: int, line: Callable[[int], str], indent: str = "  ") -> str:
    return "".join(f"{indent}{line(place)}\n" for place in range(count))


def layers(count: int) -> str:
    named = lines(count, lambda i: f"- {{type: dense, units: 3, name: a{i}}}")
    return f"{DATA}network:\n{named}  - {{type: dense, units: auto}}\n"


def space(count: int, key: Callable[[int], str]) -> str:
    return SPACE + lines(count, lambda i: f"{key(i)}: [1]", "    ")


CONFIGS: dict[str, Callable[[int], str]] = {
    "paths to layers by position": lambda n: layers(n) + space(n, lambda i: f"network.{i}.units"),
    "paths to layers by name": lambda n: layers(n) + space(n, lambda i: f"network.a{i}.units"),
    "paths to no layer": lambda n: layers(n) + space(n, lambda i: f"network.b{i}.units"),
    "paths into no section": lambda n: DATA + NETWORK + space(n, lambda i: f"foo{i}.bar"),
    "paths to no key": lambda n: DATA + NETWORK + space(n, lambda i: f"optimizer.rate{i}"),
    "paths into a section that is searched": lambda n: (
        DATA + NETWORK + SPACE + "    optimizer.type: [sgd]\n" + space(n, lambda i: f"optimizer.rate{i}")[len(SPACE) :]
    ),
    "paths into a mapping": lambda n: (
        DATA
        + NETWORK
        + "loss: {type: cross_entropy, class_weights: {a: 1}}\n"
        + space(n, lambda i: f"loss.class_weights.c{i}")
    ),
    "values": lambda n: (
        DATA + NETWORK + SPACE + "    optimizer.learning_rate:\n" + lines(n, lambda i: f"- 0.{i + 1}", "    ")
    ),
    "wrong values": lambda n: DATA + NETWORK + SPACE + "    seed:\n" + lines(n, lambda i: f"- -{i + 1}", "    "),
    "wrong sections as values": lambda n: (
        DATA + NETWORK + SPACE + "    optimizer:\n" + lines(n, lambda i: f"- {{type: sgd, rate{i}: 1}}", "    ")
    ),
    "layers": layers,
    "layers of one name": lambda n: layers(1) + lines(n, lambda i: "- {type: dense, units: auto, name: a}"),
    "layers of no type": lambda n: DATA + "network:\n" + lines(n, lambda i: f"- {{type: danse{i}}}"),
    "unknown sections": lambda n: DATA + NETWORK + lines(n, lambda i: f"foo{i}: 1", ""),
    "unknown keys": lambda n: DATA + NETWORK + "optimizer:\n  type: sgd\n" + lines(n, lambda i: f"rate{i}: 1"),
    "duplicate keys": lambda n: DATA + NETWORK + "optimizer:\n" + lines(n, lambda i: "type: sgd"),
    "columns": lambda n: (
        "data:\n  path: a.csv\n  target: y\n  columns:\n" + lines(n, lambda i: f"c{i}: numeric", "    ") + NETWORK
    ),
    "columns of no type": lambda n: (
        "data:\n  path: a.csv\n  target: y\n  columns:\n" + lines(n, lambda i: f"c{i}: numerik", "    ") + NETWORK
    ),
    "class weights": lambda n: (
        DATA + NETWORK + "loss:\n  type: cross_entropy\n  class_weights:\n" + lines(n, lambda i: f"c{i}: 1", "    ")
    ),
    "initial values": lambda n: (
        f"{DATA}network:\n  - {{type: dense, units: auto, initializer: {{values: [{'[1], ' * n}]}}}}\n"
    ),
}

OVERRIDES: dict[str, Callable[[int], str]] = {
    "layers by position": lambda i: f"network.{i}.units=4",
    "layers by name": lambda i: f"network.a{i}.units=4",
    "no layer": lambda i: f"network.b{i}.units=4",
    "a mapping": lambda i: f"loss.class_weights.c{i}=1",
    "no key": lambda i: f"optimizer.rate{i}=1",
    "the same key": lambda i: f"seed={i}",
}


def load(text: str, overrides: list[str]) -> None:
    Path("a.yaml").write_text(text, encoding="utf-8")
    with contextlib.suppress(ConfigError):
        load_experiment("a.yaml", overrides)


def growth(work: Callable[[int], None], count: int = 150) -> float:
    """How many times the calls of one size the calls of twice the size are; what is made but once is left out."""
    work(count)  # what is made on first use
    none, once, twice = (calls(lambda size=size: work(size)) for size in (1, count, 2 * count))  # type: ignore[misc]
    return (twice - none) / (once - none)


@pytest.mark.parametrize("config", CONFIGS)
def test_twice_the_config_is_twice_the_work(workdir: Path, config: str) -> None:
    assert growth(lambda size: load(CONFIGS[config](size), [])) < 2.4


@pytest.mark.parametrize("overrides", OVERRIDES)
def test_twice_the_overrides_are_twice_the_work(workdir: Path, overrides: str) -> None:
    def work(size: int) -> None:
        text = layers(size) + "loss: {type: cross_entropy, class_weights: {a: 1}}\n"
        load(text, [OVERRIDES[overrides](place) for place in range(size)])

    assert growth(work) < 2.4


def test_all_mistakes_are_counted_and_the_first_are_shown(workdir: Path) -> None:
    Path("a.yaml").write_text(DATA + NETWORK + space(20_000, lambda i: f"foo{i}"), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_experiment("a.yaml")
    text = str(caught.value)
    assert text.startswith("a.yaml:5:5: search.space: unknown key 'foo0' at the top level\n")
    assert text.endswith("\n… and 19,950 more\n20,000 errors in a.yaml")


def test_no_value_of_an_order_is_compared_with_all_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watched, "compared", 0)
    OrdinalColumnConfig.model_construct(order=tuple(Watched(f"v{i}") for i in range(1_000)))._several()  # type: ignore[operator]
    assert Watched.compared < 20_000

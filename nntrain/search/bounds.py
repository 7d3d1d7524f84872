"""How large a search may be: refused before anything is made, with what to do instead."""

from __future__ import annotations

import math
from collections.abc import Iterable

from nntrain.config.experiment import Experiment
from nntrain.config.search import EvaluationConfig
from nntrain.data.source import Source
from nntrain.machine import bytes_in_words, total_memory

# A search beyond this is surely a mistake: checking its points would take a quarter of an hour.
MOST_NETWORKS = 1_000_000
# Of a point: all of them are in one line of the history, and a line that is too long is not read again.
MOST_TRAININGS = 2000
# What a network of a search needs beside its training: config, point, outcome and its row of the leaderboard; and what
# each value of its point needs.
NETWORK_BYTES, VALUE_BYTES = 8 << 10, 256
_ROW_BYTES = 16  # of an example in a fold: its place in the data, twice
_EXACT = 10**12  # larger counts are written as powers of ten


def count_text(count: int) -> str:
    """A count that people can read: 12,000, 10^22, about 2.6 × 10^23."""
    if count < _EXACT:
        return f"{count:,}"
    exponent = math.floor(math.log10(count))
    tenths = round(10 ** (math.log10(count) - exponent), 1)
    if tenths == 10:
        tenths, exponent = 1.0, exponent + 1
    if tenths == 1:
        return f"10^{exponent}" if count == 10**exponent else f"about 10^{exponent}"
    return f"about {tenths:g} × 10^{exponent}"


def check_networks(experiment: Experiment, points: int, evaluation: EvaluationConfig) -> None:
    """Refuse more networks than a search can have; ConfigError has the place of the setting to blame."""
    search = experiment.config.search
    network_bytes = NETWORK_BYTES + VALUE_BYTES * (0 if search is None else len(search.space))
    for each, setting in ((1, "search.strategy"), (evaluation.folds or evaluation.seeds or 1, "search.evaluation")):
        networks, kind = points * each, "seed" if evaluation.folds is None else "fold"
        said = f"{count_text(points)} {'point' if points == 1 else 'points'}"
        hint = "draw fewer points (--trials N)"
        if each > 1:
            said += f", each trained with {count_text(each)} {kind}s, are {count_text(networks)} networks"
            hint += f", or take fewer {kind}s"
        if networks > MOST_NETWORKS:
            raise experiment.error(setting, f"a search trains at most {MOST_NETWORKS:,} networks: {said}", hint)
        _check_memory(experiment, setting, networks * network_bytes, said, hint)
    if points and each > MOST_TRAININGS:
        message = f"{each:,} trainings of each point are more than a search can write down ({MOST_TRAININGS:,})"
        raise experiment.error("search.evaluation", message, f"take fewer {kind}s")


def check_folds(experiment: Experiment, folds: int, splits: Iterable[Source]) -> None:
    """Refuse folds whose copies of the examples do not fit into memory; too many for the examples are left to them."""
    parts = list(splits)
    if folds <= sum(map(len, parts)):
        need = folds * sum(part.nbytes + _ROW_BYTES * len(part) for part in parts)
        said = f"{folds:,} folds, each with its own copy of the examples"
        _check_memory(experiment, "search.evaluation", need, said, "take fewer folds, such as {folds: 10}")


def _check_memory(experiment: Experiment, setting: str, need: int, said: str, hint: str) -> None:
    there = total_memory()
    if there is not None and need > there:
        message = f"{said}, need about {bytes_in_words(need)} of memory, and this machine has {bytes_in_words(there)}"
        raise experiment.error(setting, message, hint)

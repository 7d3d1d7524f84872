"""Settings of a search for people: short names, and values as one would write them."""

from collections import Counter
from collections.abc import Collection, Sequence


def short_names(paths: Sequence[str], others: Collection[str] = ()) -> dict[str, str]:
    """For each dotted path the shortest end of it that no other path, and none of the `others`, has too.

    >>> short_names(["optimizer.learning_rate", "network.0.units", "network.1.units"])
    {'optimizer.learning_rate': 'learning_rate', 'network.0.units': '0.units', 'network.1.units': '1.units'}
    """
    taken = Counter(ending for path in dict.fromkeys([*paths, *others]) for ending in _endings(path))
    return {path: next((ending for ending in _endings(path) if taken[ending] == 1), path) for path in paths}


def _endings(path: str) -> list[str]:
    """ "a.b.c" as ["c", "b.c", "a.b.c"]; an end that is only a number says nothing."""
    parts = path.split(".")
    endings = [".".join(parts[start:]) for start in reversed(range(len(parts)))]
    return [ending for ending in endings if not ending.isdigit()] or [path]


def setting_text(value: object) -> str:
    """A setting as one would write it; a number that was drawn at random with six digits."""
    from nntrain.language.dump import flow

    return f"{value:.6g}" if isinstance(value, float) else flow(value)

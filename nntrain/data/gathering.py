"""Warnings of one kind about many columns or layers: the first few in full, the others by name and number."""

from __future__ import annotations

from collections.abc import Iterable

from nntrain.data.dataset import quoted

SHOWN = 10
"""So many warnings of a kind are shown in full."""

_NAMED = 10

Remark = tuple[str, str, str]
"""A kind ("that are the same in every row", what is said of columns), the name of one, and the whole warning."""


def gathered(found: Iterable[Remark], *, source: str = "", noun: str = "column") -> list[str]:
    """The first warnings of each kind as they come, then a sentence for the others of each.

    Args:
        found: the warnings.
        source: what the sentence begins with, such as the name of the file.
        noun: what the warnings are about, in the singular.
    """
    texts: list[str] = []
    others: dict[str, list[str]] = {}
    counts: dict[str, int] = {}
    for kind, name, text in found:
        counts[kind] = counts.get(kind, 0) + 1
        if counts[kind] <= SHOWN:
            texts.append(text)
        else:
            others.setdefault(kind, []).append(name)
    before = f"{source}: " if source else ""
    for kind, names in others.items():
        nouns = noun if len(names) == 1 else f"{noun}s"
        texts.append(f"{before}and {len(names):,} more {nouns} {kind}: {quoted(names, _NAMED)}")
    return texts

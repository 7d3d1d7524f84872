"""Finds what was probably meant by a word that nothing knows."""

from collections.abc import Iterable, Mapping

Aliases = Mapping[str, str]
"""What others call the words of a language, in small letters without `_`, `-` and spaces → the word."""


def did_you_mean(meant: object) -> str:
    """The question that proposes what was found; every proposal is made in these words."""
    return f"did you mean '{meant}'?"


def near(word: object, known: Iterable[str], aliases: Aliases = {}) -> str | None:  # noqa: B006 (never changed)
    """The one of the known words that `word` was probably meant to be, or None: `same`, or spelled alike."""
    if not isinstance(word, str):
        return None
    known = tuple(known)
    return same(word, known, aliases) or _spelled_alike(word, known)


def same(word: str, known: Iterable[str], aliases: Aliases = {}) -> str | None:  # noqa: B006
    """The known word that differs in case, hyphens and underscores only, or that `word` is another name of."""
    by_plain = {_plain(name): name for name in known}
    plain = _plain(word)
    return by_plain.get(plain) or by_plain.get(_plain(aliases.get(plain, "")))


def _spelled_alike(word: str, known: Iterable[str]) -> str | None:
    from difflib import get_close_matches  # 3 ms that only a mistake has to pay

    by_plain = {_plain(name): name for name in known}
    plain = _plain(word)[:80]
    close = get_close_matches(plain, by_plain, n=1, cutoff=0.65) if len(plain) > 2 else []
    return by_plain[close[0]] if close else None


def _plain(word: str) -> str:
    return word.lower().replace("_", "").replace("-", "").replace(" ", "")

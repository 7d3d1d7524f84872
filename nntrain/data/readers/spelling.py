"""What a column of text may have been meant for: numbers that are written otherwise, dates, yes and no.

A column most of whose cells are numbers, in whatever way they are written, never becomes categories by itself, nor does
one of dates, nor one that writes yes or no in several ways: that is a `Doubt`, which says what to write in the config.
"Most" is more than half of the cells, those left out that look like a mark of missing values (`n/a`, `-`), or more than
half of at least three different texts.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from nntrain.data.dataset import as_yaml
from nntrain.data.readers.cells import MISSING, PLAIN, Reading

_SAMPLE = 2_000  # different texts that are tried with every reading
_MARKS_NAMED = 5

# Patterns are compiled when they are first asked for: most tables need none of them.
_MARK = (
    r"[-–—_.*/?#x]+|\(?(?:n\.?\s?/?\s?a\.?|n\.?d\.?|#n/a|nan|null|nil|none|no data|missing|unknown|unk|undefined"
    r"|empty|blank|void|tbd|not (?:available|applicable|known|recorded))\)?"
    r"|<(?:na|null|none|missing)>|\\n|#[a-z/0]+!?"
)
_DIGIT = re.compile(r"\d")
_NUMBER_IN_UNITS = r"[+-]?\s*([^\d\s.,+−–-]{1,4})?\s*[+-]?\d(?:[\d.,'’\s]*\d)?(?:[eE][+-]?\d+)?\s*([^\d\s.,]\D{0,11})?"
_LONGEST = 64  # characters of a number with its unit, or of a date
_CURRENCIES = ("US$", "C$", "A$", "R$", "USD", "EUR", "GBP", "CHF", "JPY", "Rs", "Rs.", "kr")
_WRITTEN = ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))

_DATE = (
    r"\d{4}[-/.]\d{1,2}(?:[-/.]\d{1,2}(?:[T ]\d{1,2}:\d{2}.*)?)?"  # 2024-05-01, 2024-05, with time
    r"|\d{1,2}[-/.]\d{1,2}[-/.](?:\d{4}|\d{2})(?:[ ,]+\d{1,2}:\d{2}.*)?"  # 1.5.2024, 05/01/24
    r"|\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?"  # 12:30
    r"|(?:\d{1,2}(?:st|nd|rd|th)?[-. /]+)?(?:[A-Za-z]{3,9},?\s+)?"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[-., /]+"
    r"(?:\d{1,2}(?:st|nd|rd|th)?,?[-. /]+)?\d{2,4}(?:\s.*)?"  # 5 May 2024, May 5, 2024
)
_TRUTH = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1", "1.0"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0", "0.0"), False),
}


@dataclass(frozen=True)
class Doubt:
    """Why a column of text is not taken for categories.

    Attributes:
        texts: the texts to show, in the order of the column.
        reason: what they may be: "which are dates".
        remedies: what to write in the config, each the end of a sentence.
    """

    texts: tuple[str, ...]
    reason: str
    remedies: tuple[str, ...]


def doubt(name: str, counts: Mapping[str, int], reading: Reading, *, declared: bool = False) -> Doubt | None:
    """What a column of text may have been meant for, or None where it is names.

    Args:
        name: of the column, for the remedies.
        counts: its texts, and how often each occurs.
        reading: how it was read.
        declared: whether the config has settings of this column.
    """
    present = {text: count for text, count in counts.items() if text not in reading.missing}
    return (
        _as_truth(present)
        or _as_numbers(name, present, reading, declared=declared)
        or _as_dates(present)
        or _as_numbers_in_several_ways(present, reading)
    )


def _as_dates(present: Mapping[str, int]) -> Doubt | None:
    dates = tuple(text for text in present if _is_date(text))
    if not _most(present, dates):
        return None
    numbers = "write it as numbers (a year, a month, days since the first)"
    return Doubt(dates, "which are dates or times", (numbers,))


def _is_date(text: str) -> bool:
    short = len(text) <= _LONGEST and _DIGIT.search(text) is not None
    return short and re.fullmatch(_DATE, text, re.IGNORECASE) is not None


def _as_numbers_in_several_ways(present: Mapping[str, int], reading: Reading) -> Doubt | None:
    """`1,5` beside `2.5`, `(5)` for -5, a minus sign or digits that programs do not know: no setting reads them."""
    ways = [reading, *(replace(reading, decimal=decimal, thousands=thousands) for decimal, thousands in _WRITTEN)]
    numbers = [
        text
        for text in present
        if len(text) <= _LONGEST and any(each.number(_in_plain_letters(text)) is not None for each in ways)
    ]
    odd = tuple(text for text in numbers if reading.number(text) is None)
    if not odd or not _most(present, numbers):
        return None
    return Doubt(odd, "which may be numbers in several ways of writing", ("write all in one way",))


def _in_plain_letters(text: str) -> str:
    """A text with the digits and the minus sign of ASCII, and without parentheses around it."""
    inside = text[1:-1] if text.startswith("(") and text.endswith(")") else text
    digits = (str(unicodedata.decimal(letter, letter)) for letter in unicodedata.normalize("NFKC", inside))
    return "".join(digits).replace("\N{MINUS SIGN}", "-").replace("\N{EN DASH}", "-")


def _as_numbers(name: str, present: Mapping[str, int], reading: Reading, *, declared: bool) -> Doubt | None:
    readings = better_readings(present, reading)
    if not readings:
        return None
    if readings[0] is not reading:
        odd = tuple(text for text in present if reading.number(text) is None and readings[0].number(text) is not None)
        ways = [way(each, reading) for each in readings]
        return Doubt(odd, f"which may be numbers {' or '.join(ways)}", _settings(name, readings, reading, declared))
    odd = tuple(text for text in present if reading.number(text) is None)
    numbers = sum(count for text, count in present.items() if reading.number(text) is not None)
    cells = "its other cell is a number" if numbers == 1 else f"its other {numbers:,} cells are numbers"
    return Doubt(odd, f"but {cells}", mark_remedy(odd, reading))


def better_readings(present: Mapping[str, int], reading: Reading, *, of_numbers: bool = False) -> list[Reading]:
    """The readings by which most of the texts are numbers; several where the texts do not tell them apart.

    The present one comes alone where no other makes numbers of more cells; none where the column is no numbers. That
    it is a column `of_numbers` may be known.
    """
    sample = dict(islice(present.items(), 0, None, max(1, len(present) // _SAMPLE)))
    if not any(_DIGIT.search(text) for text in sample):
        return []
    scores = {each: _score(sample, each) for each in _candidates(sample, reading)}
    most = max(scores.values())
    best = [each for each, score in scores.items() if score == most]
    least = min(_changes(each, reading) for each in best)
    best = [each for each in best if _changes(each, reading) == least]
    with_unit = best[0].unit != reading.unit
    return best if _most(sample, _read(sample, best[0]), all_ways=with_unit and not of_numbers) else []


def _candidates(sample: Mapping[str, int], reading: Reading) -> list[Reading]:
    written = [(reading.decimal, reading.thousands), *_WRITTEN]
    units = [reading.unit, *(unit for unit in _units(sample) if unit != reading.unit)]
    made = [replace(reading, decimal=d, thousands=t, unit=unit) for unit in units for d, t in written]
    return [reading, *(each for each in made if each != reading)]


def _units(sample: Mapping[str, int]) -> list[str]:
    """What stands before or behind most of the numbers: a currency, a percent sign, kg."""
    found: Counter[str] = Counter()
    numbers = 0
    for text, count in sample.items():
        match = re.fullmatch(_NUMBER_IN_UNITS, text) if len(text) <= _LONGEST else None
        if match is None:
            continue
        numbers += count
        before, behind = match[1], match[2]
        if before and not behind and (before in _CURRENCIES or not any(map(str.isalpha, before))):
            found[before] += count
        elif behind and not before:
            found[behind.strip()] += count
    return [unit for unit, count in found.most_common(1) if count * 2 > numbers]


def _read(texts: Iterable[str], reading: Reading) -> list[str]:
    return [text for text in texts if reading.number(text) is not None]


def _score(sample: Mapping[str, int], reading: Reading) -> int:
    return sum(sample[text] for text in _read(sample, reading))


def _changes(reading: Reading, other: Reading) -> int:
    return sum(getattr(reading, name) != getattr(other, name) for name in ("decimal", "thousands", "unit"))


def _most(present: Mapping[str, int], chosen: Sequence[str], *, all_ways: bool = False) -> bool:
    """Whether the chosen texts are most of those present: by cells or by different texts; by both with `all_ways`."""
    if not chosen:
        return False
    marks = [text for text in present if is_mark(text)]
    cells = sum(present.values()) - sum(present[text] for text in marks)
    by_cells = sum(present[text] for text in chosen) * 2 > cells
    by_texts = len(chosen) * 2 > len(present) - len(marks) and len(chosen) >= (2 if all_ways else 3)
    if len(chosen) == len(present) and not all_ways:
        return True
    return by_cells and by_texts if all_ways else by_cells or by_texts


def is_mark(text: str) -> bool:
    """Whether a text looks like a mark of missing values."""
    return re.fullmatch(_MARK, text, re.IGNORECASE) is not None


def _as_truth(present: Mapping[str, int]) -> Doubt | None:
    """Yes or no, written in more than two ways."""
    values = [_TRUTH.get(text.lower()) for text in present]
    numbers = all(text in ("0", "1") for text in present)
    if numbers or None in values or len(values) <= len(set(values)):
        return None
    return Doubt(tuple(present), "which write yes or no in several ways", ("write each in one way",))


def way(reading: Reading, usual: Reading) -> str:
    """How numbers are written, in words: "with a decimal comma", "in '%'"."""
    names = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes"}
    parts = []
    if reading.decimal != usual.decimal:
        parts.append("with a decimal comma" if reading.decimal == "," else "with a decimal point")
    if reading.thousands != usual.thousands:
        parts.append(f"with {names[reading.thousands]} between thousands" if reading.thousands else "without grouping")
    if reading.unit != usual.unit:
        parts.append(f"with the unit {reading.unit!r}")
    return " and ".join(parts)


def _settings(name: str, readings: Sequence[Reading], usual: Reading, declared: bool) -> tuple[str, ...]:
    """For each reading, what to write in the config for it."""
    several = len(readings) > 1
    return tuple(
        f"set {setting(name, each, usual, declared=declared)}" + (f" if they are {way(each, usual)}" if several else "")
        for each in readings
    )


def setting(name: str, reading: Reading, usual: Reading, *, declared: bool) -> str:
    """What to write in the config so that a column is read like this."""
    changed = {
        key: getattr(reading, key)
        for key in ("decimal", "thousands", "unit")
        if getattr(reading, key) != getattr(usual, key)
    }
    said = any(getattr(usual, key) != getattr(PLAIN, key) for key in changed)  # of the other columns
    if "unit" in changed or declared or said:
        options = ", ".join(f"{key}: {as_yaml(value)}" for key, value in changed.items())
        return f"data.columns: {{{as_yaml(name)}: {{type: numeric, {options}}}}}"
    return " and ".join(f"data.{key}: {as_yaml(value)}" for key, value in changed.items())


def mark_remedy(odd: Sequence[str], reading: Reading) -> tuple[str, ...]:
    """What to write in the config where the odd texts among numbers stand for missing values; () if they do not."""
    marks = [text for text in odd if is_mark(text)] or [text for text in odd if not _DIGIT.search(text)]
    if not 1 <= len(marks) <= _MARKS_NAMED:
        return ()
    usual = reading.missing >= MISSING
    listed = ", ".join(map(as_yaml, [*sorted(reading.missing - (MISSING if usual else {""})), *marks]))
    stands = "it stands" if len(marks) == 1 else "they stand"
    value = f"{{add: [{listed}]}}" if usual else f"[{listed}]"
    return (f"if {stands} for a missing value, set data.missing_values: {value}",)

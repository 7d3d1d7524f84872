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
from nntrain.data.readers.cells import MISSING, PLAIN, TRUTH, Reading

_SAMPLE = 2_000  # different texts that are tried with every reading
_LOOKED_AT = 20_000  # different texts from all over a column that are looked at one by one; more are no categories
_MARKS_NAMED = 5
_LONGEST_MARK = 30
_LONGEST = 64  # characters of a number with its unit, or of a date
_FEW_LIMITS = 10
_OF_EACH_SHAPE = 3  # different texts, on average: fewer are codes

# Patterns are compiled when they are first asked for: most tables need none of them.
_DIGIT = re.compile(r"\d")
_MARK = (
    r"[-–—_.*/?#x]+|\(?(?:n\.?\s?/?\s?a\.?|n\.?d\.?|#n/a|nan|null|nil|none|no data|missing|unknown|unk|undefined"
    r"|empty|blank|void|tbd|not (?:available|applicable|known|recorded))\)?"
    r"|<(?:na|null|none|missing)>|\\n|#[a-z/0]+!?"
)
_CURRENCY = (
    r"(?:US|AU|CA|NZ|HK|NT|C|A|R|S)? ?\$|Rs\.?|Fr\.?|kr\.?|zł|Kč|USD|EUR|GBP|CHF|JPY|CNY|INR|PLN|SEK|NOK|DKK|CZK|HUF"
    r"|RUB|UAH|TRY|BRL|MXN|CAD|AUD|NZD|ZAR|KRW|SGD|HKD|ILS|THB|IDR|RON|BGN"
)
_NUMBER = r"\d(?:[\d.,'’\s]*\d)?(?:[eE][+-]?\d+)?"
_IN_UNITS = (
    rf"[+-]?\s*({_CURRENCY}|[^\w\s.,+−–<>=≤≥~≈-]{{1,4}})?\s*[+-]?{_NUMBER}\s*"
    r"((?![eE×x*][+−–-]?\d)[^\d\s.,−–-]\D{0,29}[23]?|/\d+)?"
)
_WRITTEN = ((".", ""), (",", ""), (".", ","), (",", "."), (".", " "), (",", " "), (".", "'"))

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[ap]\.?m\.?)?"
_DATE = (
    rf"\d{{4}}[-/.](?:0?[1-9]|1[0-2])(?:[-/.]\d{{1,2}}(?:[T ]+{_TIME}.*)?)?"  # 2024-05-01, 2024-05, with time
    rf"|\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}(?:[ ,]+{_TIME}.*)?"  # 1.5.2024
    rf"|\d{{2}}[-/.]\d{{2}}[-/.]\d{{2}}(?:[ ,]+{_TIME}.*)?|\d{{1,2}}/\d{{1,2}}/\d{{2}}(?:[ ,]+{_TIME}.*)?"  # 05/01/24
    r"|\d{8}T\d{4}(?:\d{2})?Z?"
    rf"|{_TIME}|\d{{1,2}}\s?[ap]\.?m\.?|\d{{1,2}}\s?h\s?\d{{2}}(?:\s?m(?:in)?)?"  # 12:30, 7 pm, 14h30
    rf"|(?:[a-z]{{3,9}},?\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?[-. /]+)?{_MONTH}\.?[-, /]+"
    rf"(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s+)?(?:{_TIME}\s+)?\d{{2,4}}(?:\s.*)?"  # 5 May 2024, May 5, 2024
    rf"|\d{{4}}[-. ]{_MONTH}[-. ]\d{{1,2}}"  # 2024-May-05
)


@dataclass(frozen=True)
class Doubt:
    """Why a column of text is not taken for categories.

    Attributes:
        texts: the texts to show, in the order of the column.
        reason: what they may be: "which are dates".
        remedies: what to write in the config or the file, each the end of a sentence.
        may_be_names: whether it is likelier that the values are names than that some stand for missing ones.
        is_sample: whether not all texts of the column were looked at, so that there are likely to be more.
    """

    texts: tuple[str, ...]
    reason: str
    remedies: tuple[str, ...]
    may_be_names: bool = False
    is_sample: bool = False


def doubt(
    name: str, counts: Mapping[str, int], reading: Reading, *, usual: Reading | None = None, declared: bool = False
) -> Doubt | None:
    """What a column of text may have been meant for, or None where it is names.

    Args:
        name: of the column, for the remedies.
        counts: its texts, and how often each occurs.
        reading: how it was read.
        usual: how the columns are read of which nothing is said; by default likewise.
        declared: whether the config has settings of this column.
    """
    usual = usual or reading
    present = {text: count for text, count in counts.items() if text not in reading.missing}
    if len(present) > _LOOKED_AT:
        some = dict(islice(present.items(), 0, None, -(-len(present) // _LOOKED_AT)))
        found = _doubt(name, some, reading, usual, declared=declared)
        return None if found is None else replace(found, is_sample=True)
    return _doubt(name, present, reading, usual, declared=declared)


def _doubt(name: str, present: Mapping[str, int], reading: Reading, usual: Reading, *, declared: bool) -> Doubt | None:
    return (
        _as_truth(present)
        or _as_dates(present)
        or _as_numbers(name, present, reading, usual, declared=declared)
        or _as_numbers_in_several_ways(present, reading)
        or _as_quantities(present)
    )


def _as_truth(present: Mapping[str, int]) -> Doubt | None:
    """Yes or no, one of the two in several ways: `Yes` and `yes`, `y` and `yes`, `true` and 1.

    Single letters of different pairs, such as f and n, are codes.
    """
    words = [text for text in present if text.lower() in TRUTH]
    values = [TRUTH[text.lower()] for text in words]
    if not _most(present, words) or all(PLAIN.number(text) is not None for text in words):
        return None
    for value in (True, False):
        ways = [text for text, of in zip(words, values, strict=True) if of is value]
        long = [text for text in ways if len(text) > 1 or text in "10"]
        first = Counter(text[0].lower() for text in ways)
        if len(long) > 1 or any(count > 1 for count in first.values()):
            return Doubt(tuple(words), "which write yes or no in several ways", ("write each in one way",), True)
    return None


def _as_dates(present: Mapping[str, int]) -> Doubt | None:
    dates = tuple(text for text in present if _is_date(text))
    if not _most(present, dates):
        return None
    numbers = "write it as numbers (a year, a month, days since the first)"
    return Doubt(dates, "which are dates or times", (numbers,), True)


def _is_date(text: str) -> bool:
    short = len(text) <= _LONGEST and _DIGIT.search(text) is not None
    return short and re.fullmatch(_DATE, text, re.IGNORECASE) is not None


def _as_numbers(
    name: str, present: Mapping[str, int], reading: Reading, usual: Reading, *, declared: bool
) -> Doubt | None:
    readings = better_readings(present, reading)
    if not readings:
        return None
    if readings[0] is not reading:
        odd = tuple(text for text in present if reading.number(text) is None and readings[0].number(text) is not None)
        ways = [way(each, reading) for each in readings]
        others = [text for text in present if readings[0].number(text) is None and not is_mark(text)]
        if readings[0].unit != reading.unit and others:
            if all(map(_is_school_class, [*odd, *others])):
                return None
            return Doubt(odd, f"which may be numbers {ways[0]}, as others are not", ("write all in one way",))
        settings = _settings(name, readings, reading, usual, declared)
        return Doubt(odd, f"which may be numbers {' or '.join(ways)}", settings)
    odd = tuple(text for text in present if reading.number(text) is None)
    numbers = sum(count for text, count in present.items() if reading.number(text) is not None)
    cells = "its other cell is a number" if numbers == 1 else f"its other {numbers:,} cells are numbers"
    remedy = mark_remedy(name, odd, reading, usual, declared=declared)
    return Doubt(odd, f"but {cells}", remedy, not any(is_mark(text) for text in odd))


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
    """A text with the digits and the signs of ASCII, without parentheses or quotes around it."""
    inside = re.sub(r"^\((.*)\)$|^=?[\"'](.*?)[\"']?$", r"\1\2", text)
    digits = (str(unicodedata.decimal(letter, letter)) for letter in unicodedata.normalize("NFKC", inside))
    plain = re.sub(r"[−–—]", "-", "".join(digits)).replace("_", "")
    plain = re.sub(r"^([+-])\s+", r"\1", plain)
    plain = re.sub(r"\s?[×x·*]\s?10\s?\^?\s?([+-]?\d+)$|(?<=\d)[dD]([+-]?\d+)$", r"e\1\2", plain)
    if re.fullmatch(r"[+-]?\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?", plain):  # lakhs
        return plain.replace(",", "")
    return str(int(plain, 16)) if re.fullmatch(r"0x[0-9a-fA-F]{1,12}", plain) else plain


def _as_quantities(present: Mapping[str, int]) -> Doubt | None:
    """Numbers with the same few things around them: `€110.5M` and `€565K`, `5.1±0.2`, `12[3]`, `3/4`, `2h 50m`."""
    shapes: dict[str, list[str]] = {}
    for text in present:
        if len(text) <= _LONGEST and (shape := _shape(text)) is not None:
            shapes.setdefault(shape, []).append(text)
    kept = {shape: texts for shape, texts in shapes.items() if not _is_code(shape, texts, shapes)}
    chosen = {text for alike in kept.values() for text in alike}
    texts = tuple(text for text in present if text in chosen)
    if len(texts) < _OF_EACH_SHAPE * max(1, len(kept)) or not _most(present, texts):
        return None
    return Doubt(texts, "which may be numbers with something around them", ("write the numbers alone",), True)


def _shape(text: str) -> str | None:
    """A text with N for each number in it; None where it is no quantity: a word comes first, or there is no number."""
    plain = re.sub(r"[−–—]", "-", unicodedata.normalize("NFKC", text))
    shape = re.sub(r"\d+(?:[.,'’ ]\d+)*", _number_sign, plain)
    before = re.sub(rf"^(?:{_CURRENCY})(?=\W|N)", "", shape).lstrip()
    return shape if "N" in shape and not re.match(r"[^\W\dN]", before) and "V" not in before else None


def _number_sign(found: re.Match[str]) -> str:
    """N for a number, V for a version, an address or the like."""
    text = found[0]
    if re.fullmatch(r"\d{1,2}['’]\d{1,2}", text):  # feet and inches
        return "N'N"
    grouped = re.fullmatch(
        r"\d{1,3}(?:[.,'’ ]\d{3})+(?:[.,]\d+)?|\d+(?:[.,]\d+)?|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?", text
    )
    return "N" if grouped else "V"


def _is_code(shape: str, texts: Sequence[str], shapes: Mapping[str, Sequence[str]]) -> bool:
    """Whether texts of a shape are names: 10-20 and 65+, a few limits such as <18, and school classes, 5A and 5B."""
    if re.fullmatch(r"[<>=≤≥~ ]*N ?(?:-|to|\.\.) ?N|N\s?\+", shape):
        return True
    if re.fullmatch(r"[<>=≤≥]+ ?N", shape):
        return len(texts) <= _FEW_LIMITS
    several = len([s for s in shapes if re.fullmatch(r"N[A-Z]", s)]) > 1
    return re.fullmatch(r"N[A-Z]", shape) is not None and several and all(map(_is_school_class, texts))


def _is_school_class(text: str) -> bool:
    return re.fullmatch(r"\d{1,2}[A-Za-z]", text) is not None


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
        match = re.fullmatch(_IN_UNITS, text) if len(text) <= _LONGEST else None
        if match is None:
            continue
        numbers += count
        before, behind = match[1], match[2]
        if before and not behind:
            found[before] += count
        elif behind and not before and not unicodedata.numeric(behind[0], None):
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


def way(reading: Reading, usual: Reading) -> str:
    """How numbers are written, in words: "with a decimal comma", "in '%'"."""
    names = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes"}
    parts = []
    if reading.decimal != usual.decimal:
        parts.append("with a decimal comma" if reading.decimal == "," else "with a decimal point")
    if reading.thousands != usual.thousands:
        parts.append(f"with {names[reading.thousands]} between thousands" if reading.thousands else "without grouping")
    if reading.unit != usual.unit:
        parts.append(f"with the unit {reading.unit!r}" if reading.unit else "without the unit")
    return " and ".join(parts)


def _settings(
    name: str, readings: Sequence[Reading], reading: Reading, usual: Reading, declared: bool
) -> tuple[str, ...]:
    """For each reading, what to write in the config for it."""
    several = len(readings) > 1
    return tuple(
        f"set {setting(name, each, usual, declared=declared)}"
        + (f" if they are {way(each, reading)}" if several else "")
        for each in readings
    )


def setting(name: str, reading: Reading, usual: Reading, *, declared: bool) -> str:
    """What to write in the config so that a column is read like this, where the others are read as `usual`."""
    keys = ("decimal", "thousands", "unit")
    changed = {key: getattr(reading, key) for key in keys if getattr(reading, key) != getattr(usual, key)}
    said = any(getattr(usual, key) != getattr(PLAIN, key) for key in changed)  # of the other columns
    if "unit" in changed or declared or said:
        options = [f"{key}: {as_yaml(value)}" for key, value in changed.items()]
        if reading.missing != usual.missing:
            options.append(f"missing_values: [{', '.join(map(as_yaml, sorted(reading.missing - {''})))}]")
        return f"data.columns: {{{as_yaml(name)}: {{{', '.join(['type: numeric', *options])}}}}}"
    return " and ".join(f"data.{key}: {as_yaml(value)}" for key, value in changed.items())


def mark_remedy(
    name: str, odd: Sequence[str], reading: Reading, usual: Reading, *, declared: bool = False
) -> tuple[str, ...]:
    """What to write in the config where the odd texts among numbers stand for missing values; () if they do not."""
    marks = [text for text in odd if is_mark(text)] or [text for text in odd if not _DIGIT.search(text)]
    if not marks:
        return ()
    if len(marks) > _MARKS_NAMED or any(len(mark) > _LONGEST_MARK for mark in marks):
        return ("if they stand for missing values, list them in data.missing_values: {add: [...]}",)
    stands = "it stands for a missing value" if len(marks) == 1 else "they stand for a missing value"
    if declared and reading.missing != usual.missing:  # the column has a list of its own
        more = replace(reading, missing=reading.missing | {*marks})
        return (f"if {stands}, set {setting(name, more, usual, declared=True)}",)
    whole = reading.missing >= MISSING
    listed = ", ".join(map(as_yaml, [*sorted(reading.missing - (MISSING if whole else {""})), *marks]))
    value = f"{{add: [{listed}]}}" if whole else f"[{listed}]"
    return (f"if {stands}, set data.missing_values: {value}",)

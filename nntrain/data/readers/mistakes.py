"""What is wrong with the columns of a table, in one error with a line for each of them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nntrain.arrays import Array
from nntrain.data.dataset import as_yaml
from nntrain.data.readers.cells import NumericCells, TextCells
from nntrain.errors import DataError

CELLS_SHOWN = 3
COLUMNS_SHOWN = 10


@dataclass
class Mistakes:
    """Collects what is wrong with single columns; `lines` [N] are those of the rows."""

    source: str
    lines: Array
    found: list[tuple[int, str]] = field(default_factory=list)

    def raise_any(self) -> None:
        """DataError with every mistake, by line, if there is one."""
        if not self.found:
            return
        texts = [text for _, text in sorted(self.found, key=lambda each: each[0])]
        if len(texts) > COLUMNS_SHOWN:
            texts[COLUMNS_SHOWN:] = [f"{len(texts) - COLUMNS_SHOWN:,} more columns are like these"]
        raise DataError("\n".join(texts))

    def doubtful(self, name: str, cells: TextCells, *, target: bool) -> bool:
        """Note a column of text that may have been meant for numbers; says whether it may."""
        from nntrain.data.readers.spelling import doubt  # here, for most tables need it for no column

        found = doubt(name, cells.counts(), cells.reading)
        if found is None:
            return False
        rows = cells.rows_of(found.texts)
        texts = list(cells.codes)
        places = cells.places()
        first = [(int(row), texts[int(places[row])]) for row in rows[:CELLS_SHOWN]]
        remedies = [*found.remedies, _if_names(name, target=target), _otherwise(name, target=target)]
        self._note(name, first, len(rows), f"{found.reason}; {'; '.join(remedies)}", joined=found.reason)
        return True

    def texts_for_numbers(self, name: str, cells: TextCells, why: str) -> None:
        """Note a target that must be numbers and was read as text."""
        numeric = NumericCells(cells.reading)
        texts = list(cells.codes)
        numeric.add([texts[place] for place in cells.places().tolist()])
        self.text_among_numbers(name, numeric, why, target=True)

    def text_among_numbers(self, name: str, cells: NumericCells, why: str, *, target: bool) -> None:
        """Note text in a column that must be numeric; `why` is "" where it is only that its other cells are."""
        numbers = cells.numbers()
        others = "its other cell is a number" if numbers == 1 else f"its other {numbers:,} cells are numbers"
        remedies = _to_mend(name, cells, trained="training data" in why, target=target)
        self._note(name, cells.wrong, cells.texts, f"but {why or others}; {remedies}")

    def _note(self, name: str, first: Sequence[tuple[int, str]], texts: int, end: str, joined: str = "but") -> None:
        (row, text), *others = first[:CELLS_SHOWN]
        more = "".join(f", {_short(other)} on line {self.lines[at]}" for at, other in others)
        more += f" and {texts - len(others) - 1:,} more" if texts > len(others) + 1 else ""
        line = int(self.lines[row])
        self.found.append((line, f"{self.source}:{line}: column {name!r} holds the text {_short(text)}{more}, {end}"))


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")


def _if_names(name: str, *, target: bool) -> str:
    how = "data.task: classification" if target else f"data.columns: {{{as_yaml(name)}: categorical}}"
    return f"if its values are names, set {how}"


def _otherwise(name: str, *, target: bool) -> str:
    if target:
        return "otherwise correct the cells, or remove the rows"
    return f"otherwise correct the cells, or leave the column out with data.columns: {{{as_yaml(name)}: excluded}}"


def _to_mend(name: str, cells: NumericCells, *, trained: bool, target: bool) -> str:
    if trained:
        end = "or remove the row"
        if not target:
            end = "or leave the cell empty if the network was trained with data.preprocess.missing"
        return f"write a number there, {end}"
    from nntrain.data.readers.spelling import better_readings, mark_remedy, setting

    texts = {text: 1 for _, text in cells.wrong}
    better = [each for each in better_readings(texts, cells.reading, of_numbers=True) if each != cells.reading]
    remedies = [f"set {setting(name, each, cells.reading, declared=not target)}" for each in better]
    remedies += [] if better else mark_remedy(list(texts), cells.reading)
    return "; ".join([*remedies, _otherwise(name, target=target)])

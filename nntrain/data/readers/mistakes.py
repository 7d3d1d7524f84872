"""What is wrong with the columns of a table, in one error with a line for each of them."""

from collections.abc import Sequence

from nntrain.arrays import Array
from nntrain.data.dataset import as_yaml
from nntrain.data.readers.cells import NumericCells, TextCells, is_word
from nntrain.data.readers.rules import TableRules
from nntrain.errors import DataError
from nntrain.visible import Lines

CELLS_SHOWN = 3
COLUMNS_SHOWN = 10


class Mistakes:
    """Collects what is wrong with single columns.

    Args:
        source: the name of the table.
        lines: int [N], those of its rows.
        rules: what the config says of its columns.
        listed: whether the config lists the features, so that a column is left out by taking it from that list.
        targets: how many targets there are.
    """

    def __init__(self, source: str, lines: Array, rules: TableRules, *, listed: bool, targets: int) -> None:
        self.source, self.lines, self.rules = source, lines, rules
        self.listed, self.targets = listed, targets
        self._found: list[tuple[int, str]] = []

    @property
    def is_full(self) -> bool:
        """Whether there are as many as are shown; further columns need not be looked at."""
        return len(self._found) >= COLUMNS_SHOWN

    def raise_any(self) -> None:
        """DataError with every mistake, by line, if there is one."""
        if not self._found:
            return
        texts = [text for _, text in sorted(self._found, key=lambda each: each[0])]
        if self.is_full:
            texts.append("further columns were not looked at")
        raise DataError(Lines(*texts))

    def doubtful(self, name: str, cells: TextCells, *, target: bool) -> bool:
        """Note a column of text that may have been meant for numbers; says whether it may."""
        if all(map(is_word, cells.codes)):
            return False
        from nntrain.data.readers.spelling import doubt  # here, for most tables need it for no column

        declared = name in self.rules.declared
        found = doubt(name, cells.counts(), cells.reading, usual=self.rules.reading, declared=declared)
        if found is None:
            return False
        rows = cells.rows_of(found.texts)
        texts = list(cells.codes)
        places = cells.places()
        first = [(int(row), texts[int(places[row])]) for row in rows[:CELLS_SHOWN]]
        names = self._if_names(name, target=target)
        remedies = [*names, *found.remedies] if found.may_be_names else [*found.remedies, *names]
        remedies.append(self._otherwise(name, target=target))
        self._note(name, first, None if found.is_sample else len(rows), f"{found.reason}; {'; '.join(remedies)}")
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
        remedies = self._to_mend(name, cells, trained="training data" in why, target=target)
        self._note(name, cells.wrong, cells.texts, f"but {why or others}; {remedies}")

    def _note(self, name: str, first: Sequence[tuple[int, str]], texts: int | None, end: str) -> None:
        """Note the first texts of a column, of so many that are alike, or of many."""
        (row, text), *others = first[:CELLS_SHOWN]
        more = "".join(f", {_short(other)} on line {self.lines[at]}" for at, other in others)
        if texts is None:
            more += " and many more"
        elif texts > len(others) + 1:
            more += f" and {texts - len(others) - 1:,} more"
        line = int(self.lines[row])
        self._found.append((line, f"{self.source}:{line}: column {name!r} holds the text {_short(text)}{more}, {end}"))

    def _if_names(self, name: str, *, target: bool) -> list[str]:
        if target and self.targets > 1:
            return []  # classes are of one target
        how = "data.task: classification" if target else f"data.columns: {{{as_yaml(name)}: categorical}}"
        return [f"if its values are names, set {how}"]

    def _otherwise(self, name: str, *, target: bool) -> str:
        if target:
            return "otherwise correct the cells, or remove the rows"
        exclude = f"with data.columns: {{{as_yaml(name)}: excluded}}"
        return f"otherwise correct the cells, or leave the column out {'of data.features' if self.listed else exclude}"

    def _to_mend(self, name: str, cells: NumericCells, *, trained: bool, target: bool) -> str:
        if trained:
            end = "or remove the row"
            if not target:
                end = "or leave the cell empty if the network was trained with data.preprocess.missing"
            return f"write a number there, {end}"
        from nntrain.data.readers.spelling import better_readings, mark_remedy, setting

        declared, reading, usual = name in self.rules.declared, cells.reading, self.rules.reading
        texts = {text: 1 for _, text in cells.wrong}
        better = [each for each in better_readings(texts, reading, of_numbers=True) if each != reading]
        remedies = [f"set {setting(name, each, usual, declared=declared)}" for each in better]
        remedies += [] if better else mark_remedy(name, list(texts), reading, usual, declared=declared)
        return "; ".join([*remedies, self._otherwise(name, target=target)])


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")

"""What is known of a table's columns before it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from nntrain.data.dataset import Kind
from nntrain.data.readers.cells import PLAIN, Reading


@dataclass(frozen=True)
class TableRules:
    """What the config says of a table's cells and columns.

    Attributes:
        reading: how the cells are read of columns that are not declared.
        declared: kind and reading of the columns that are.
        excluded: columns that are no features.
        target: whether the values of the target are `names` of classes or `numbers`, or that is to be found out; `task`
            is the setting that says so.
        drop: whether rows without a target are left out; otherwise they are refused.
    """

    reading: Reading = PLAIN
    declared: Mapping[str, tuple[Kind, Reading]] = field(default_factory=dict)
    excluded: frozenset[str] = frozenset()
    target: Literal["names", "numbers"] | None = None
    task: str = "auto"
    drop: bool = False

    def reading_of(self, name: str) -> Reading:
        """How the cells of a column are read."""
        return self.declared[name][1] if name in self.declared else self.reading

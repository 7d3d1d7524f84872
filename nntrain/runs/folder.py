"""A run's folder on its disk: where it is, what it is called, and what is said of a file that fails."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from nntrain.errors import RunError
from nntrain.runs.files import Damage, Disk
from nntrain.runs.messages import cannot_write, damaged


class Folder:
    """The folder of a run.

    Attributes:
        path: where it is; while the run is made, under a hidden name.
        named: what it is, or is going to be, called.
        disk: through which everything is written.
    """

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = self.named = path
        self.disk = disk

    @property
    def name(self) -> str:
        """The directory's own name, such as `iris-20261120-084900-3f9a`."""
        return self.named.name

    def has(self, name: str) -> bool:
        """Whether the run has a file of this name."""
        return os.path.lexists(self.path / name)

    def damaged(self, name: str, problem: str, *, remedy: str | None = None) -> RunError:
        """The error for a file of the run that can be read and makes no sense; `problem` goes on behind its path.

        `remedy` says what can still be done, by default what can be done without the file.
        """
        return damaged(self.path / name, Damage(problem, remedy=remedy))

    @contextlib.contextmanager
    def reading(self, name: str) -> Iterator[None]:
        """Let the block read a file; what is wrong with it, or with the disk, leaves the block as a RunError."""
        try:
            yield
        except Damage as damage:
            raise damaged(self.path / name, damage) from None
        except OSError as error:
            raise damaged(self.path / name, Damage(f"cannot be read: {error.strerror or error}")) from error

    @contextlib.contextmanager
    def writing(self, name: str) -> Iterator[None]:
        """Let the block write a file; what is wrong with the disk leaves it as a RunError."""
        try:
            yield
        except OSError as error:
            raise cannot_write(self.named / name, error) from error

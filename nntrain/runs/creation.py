"""Making a run directory: under a hidden name, until all is in it that is known before training."""

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from nntrain.runs.file_names import FILES, LOCK, STATUS
from nntrain.runs.files import Disk, temporary
from nntrain.runs.messages import cannot_write
from nntrain.runs.naming import TAKEN, hidden, is_abandoned, unused
from nntrain.runs.store import RunDirectory


@contextlib.contextmanager
def new_run(runs_dir: Path | str, name: str, write_start: Callable[[RunDirectory], object]) -> Iterator[RunDirectory]:
    """A new run directory `NAME-DATE-TIME-XXXX`, locked while the block runs.

    If anything fails before the block begins, nothing is left behind.

    Args:
        runs_dir: where it is made; itself made if it is not there.
        name: of the experiment; characters that do not suit a file name become `-`.
        write_start: writes what is known before training, before the directory appears under its name.

    Raises:
        RunError: it cannot be written.
    """
    creation = Creation(runs_dir, name)
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(creation.directory.lock())
            write_start(creation.directory)
            creation.appear()
        except BaseException:
            creation.discard()
            raise
        yield creation.directory


class Creation:
    """A run directory under a hidden name beside its own, which it gets by `appear`.

    A process that is killed before has left nothing that is called a run; what it left goes when another run begins
    here. Two runs that start in the same second differ in the last four digits. If anything fails nothing is left
    behind.

    Attributes:
        directory: the run.
    """

    def __init__(self, runs_dir: Path | str, name: str, *, disk: Disk | None = None) -> None:
        self.directory = RunDirectory(hidden(Path(runs_dir)), disk=disk, is_new=True)
        self._name, self._disk = name, self.directory.disk
        self._parents: list[Path] = []  # those that were made
        try:
            self._make_parents(Path(runs_dir))
            self._remove_abandoned(Path(runs_dir))
            self._disk.make_directory(self.directory.path)
            self.directory.named = unused(Path(runs_dir), name)
        except (OSError, ValueError) as error:
            self.discard()
            raise cannot_write(Path(runs_dir), error) from error
        except BaseException:
            self.discard()
            raise

    def appear(self) -> None:
        """Give the directory its name, in one step, with all that was written and a status.

        Raises:
            RunError: then it is as it was, to be discarded.
        """
        directory = self.directory
        if not directory.has(STATUS):
            directory.set_status("running")
        try:
            while directory.path != directory.named:
                self._rename()
            self._disk.sync_directory(directory.path.parent)
        except OSError as error:
            raise cannot_write(directory.named, error) from error

    def _rename(self) -> None:
        """Take the name that was chosen, or choose another one if somebody has it by now."""
        directory = self.directory
        try:
            self._disk.replace(directory.path, directory.named)
        except OSError as error:
            if error.errno not in TAKEN:
                raise
            directory.named = unused(directory.path.parent, self._name)
        else:
            directory.path = directory.named

    def discard(self) -> None:
        """Remove what was made, because nothing was trained: the directory, and those above it.

        Only a run's own files are removed; if anything else is in it, it stays.
        """
        directory = self.directory
        # an interrupt can have followed its renaming
        path = directory.path if os.path.lexists(directory.path) else directory.named
        self._empty(path)
        for each in (path, *reversed(self._parents)):
            with contextlib.suppress(OSError, ValueError):
                self._disk.remove_directory(each)
        self._parents = []

    def _make_parents(self, path: Path) -> None:
        missing = [parent for parent in (path, *path.parents) if not os.path.exists(parent)]
        for parent in reversed(missing):
            with contextlib.suppress(FileExistsError):  # another fit made it first
                self._disk.make_directory(parent)
                self._parents.append(parent)

    def _remove_abandoned(self, runs_dir: Path) -> None:
        """Remove the hidden directories of processes that were killed before their runs appeared."""
        with contextlib.suppress(OSError):
            for path in [path for path in runs_dir.iterdir() if is_abandoned(path.name)]:
                self._empty(path)
                with contextlib.suppress(OSError):
                    self._disk.remove_directory(path)

    def _empty(self, path: Path) -> None:
        """Remove a run's own files from a directory."""
        for name in {*FILES, *self.directory.written, LOCK}:
            for file in (path / name, temporary(path / name)):
                with contextlib.suppress(OSError, ValueError):  # of a path that no system has
                    self._disk.remove(file)

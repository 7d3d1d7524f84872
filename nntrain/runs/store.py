"""The run directory: the only place where a run keeps anything, and all that the commands after `fit` need.

Every file but the history is written beside its name and renamed, so it is whole or absent. status.json
carries the sha256 of the other files, weights.npz its own, and result.json that of the weights: a file that
was cut, edited or mixed up with another run's is refused with a RunError that says which file, what is wrong
and what can still be done. runs/README.md describes the files.
"""

import contextlib
import errno
import hashlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nntrain.arrays import Array
from nntrain.errors import RunError
from nntrain.runs import jsonfile, lock, status
from nntrain.runs.arrays_file import ArraysFile, ArraySpec, most_bytes, write_arrays
from nntrain.runs.files import Damage, Disk, read_bytes, temporary, write_bytes
from nntrain.runs.history import HistoryWriter, check_history, count_epochs, iter_history, read_history
from nntrain.runs.messages import cannot_write, damaged, no_such_run
from nntrain.runs.naming import TAKEN, hidden, is_abandoned, unused
from nntrain.runs.status import RunStatus, Status

CONFIG = "config.yaml"
SOURCE = "source.yaml"
HISTORY = "history.jsonl"
WEIGHTS = "weights.npz"
PREPROCESS = "preprocess.json"
CHECKPOINT = "checkpoint.npz"
PREVIOUS_CHECKPOINT = "checkpoint.previous.npz"
RESULT = "result.json"
DIVERGENCE = "divergence.json"
ENVIRONMENT = "environment.json"
STATUS = "status.json"
FILES = (
    CONFIG,
    SOURCE,
    HISTORY,
    WEIGHTS,
    PREPROCESS,
    CHECKPOINT,
    PREVIOUS_CHECKPOINT,
    RESULT,
    DIVERGENCE,
    ENVIRONMENT,
    STATUS,
)
_LOCK = "lock"
_NEXT_CHECKPOINT = "checkpoint.next.npz"

_TEXT_LIMIT = 1 << 24  # bytes of a config


class RunDirectory:
    """One run on disk: `create` makes one, `open` finds one.

    Whoever writes to it holds `lock()`. Every method raises RunError for a file that is missing, damaged or
    cannot be written, and leaves the file as it was before.
    """

    def __init__(self, path: Path, *, disk: Disk | None = None) -> None:
        self.path = path
        self._disk = disk or Disk()
        self._parents: list[Path] = []  # those that begin() made, for discard()
        self._experiment: str | None = None  # of a directory that was begun by this object
        self._later: Path | None = None  # what one that is hidden is going to be called
        self._recorded: dict[str, str] | None = None  # checksums as status.json has them; None: not read yet
        self._written: dict[str, str] = {}  # checksums of what was written since

    @property
    def name(self) -> str:
        """The directory's own name, such as `iris-20261120-084900-3f9a`."""
        return self._named.name

    @property
    def _named(self) -> Path:
        """The directory as it is, or is going to be, called."""
        return self._later or self.path

    # Making, finding and removing one

    @classmethod
    def create(cls, runs_dir: Path | str, name: str, *, disk: Disk | None = None) -> "RunDirectory":
        """Make a new run directory `NAME-DATE-TIME-XXXX` under `runs_dir`, in status running.

        `runs_dir` is made if it is not there. Characters of `name` that do not suit a file name become `-`.
        Two runs that start in the same second differ in the last four digits. If anything fails nothing is
        left behind.
        """
        run = cls.begin(runs_dir, name, disk=disk)
        try:
            run.appear()
        except BaseException:
            run.discard()
            raise
        return run

    @classmethod
    def begin(cls, runs_dir: Path | str, name: str, *, disk: Disk | None = None) -> "RunDirectory":
        """Make the directory of a new run under a hidden name beside its own, which it gets by `appear`.

        A process that is killed before has left nothing that is called a run; what it left goes when another run
        begins here. If anything fails nothing is left behind.
        """
        run = cls(hidden(Path(runs_dir)), disk=disk)
        run._experiment, run._recorded = name, {}
        try:
            run._make_parents(Path(runs_dir))
            run._remove_abandoned(Path(runs_dir))
            run._disk.make_directory(run.path)
            run._later = unused(Path(runs_dir), name)
        except (OSError, ValueError) as error:
            run.discard()
            raise cannot_write(Path(runs_dir), error) from error
        except BaseException:
            run.discard()
            raise
        return run

    def appear(self) -> None:
        """Give a directory that was begun its name, in one step, with all that was written and a status.

        Raises RunError; then it is as it was, to be discarded.
        """
        if not self.has(STATUS):
            self.set_status("running")
        try:
            while self._later is not None:
                try:
                    self._disk.replace(self.path, self._later)
                except OSError as error:
                    if error.errno not in TAKEN:
                        raise
                    self._later = unused(self.path.parent, self._experiment or "")
                else:
                    self.path, self._later = self._later, None
            self._disk.sync_directory(self.path.parent)
        except OSError as error:
            raise cannot_write(self._named, error) from error

    @classmethod
    def open(cls, run: Path | str, *, runs_dir: Path | str = "runs", disk: Disk | None = None) -> "RunDirectory":
        """Find an existing run by its path, or by its name under `runs_dir`.

        Raises RunError if there is no such directory, or if it holds none of a run's files.
        """
        path = Path(run)
        if not os.path.isdir(path):
            inside = Path(runs_dir) / path
            if path.name != str(run) or not os.path.isdir(inside):
                raise no_such_run(path, Path(runs_dir))
            path = inside
        if not any(os.path.lexists(path / name) for name in FILES):
            if not os.access(path, os.R_OK | os.X_OK):
                raise RunError(f"{path} cannot be read: {os.strerror(errno.EACCES)}")
            raise RunError(f"{path} is not a run directory: it has no {CONFIG}, {WEIGHTS} or {STATUS}")
        return cls(path, disk=disk)

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
        for name in {*FILES, *self._written, _LOCK}:
            for file in (path / name, temporary(path / name)):
                with contextlib.suppress(OSError, ValueError):  # of a path that no system has
                    self._disk.remove(file)

    def discard(self) -> None:
        """Remove what `begin` made, because nothing was trained: the directory, and those above it.

        Only a run's own files are removed; if anything else is in it, it stays.
        """
        if self._experiment is None:
            return
        path = self.path if os.path.lexists(self.path) else self._named  # an interrupt that followed its renaming
        self._empty(path)
        for each in (path, *reversed(self._parents)):
            with contextlib.suppress(OSError, ValueError):
                self._disk.remove_directory(each)
        self._experiment, self._parents = None, []

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one who writes to this run while the block runs.

        Raises RunError "… is in use by process N since …" if somebody does. A process that died holds
        nothing.
        """
        with lock.exclusive(self._disk, lambda: self.path / _LOCK):
            yield

    # Status

    def set_status(self, to: Status, message: str | None = None) -> None:
        """Write status.json: status, this process, time, and the checksums of what was written so far.

        Call it with "running" again once config.yaml and its like are there, so that they are vouched for
        from then on, and at the end.
        """
        sha256 = {**self._checksums(), **self._written}
        started = self.read_status().started if self.has(STATUS) else None
        self._store_status(status.owned(to, started=started, message=message, sha256=sha256))

    def read_status(self) -> RunStatus:
        """The content of status.json; its `current()` knows whether the process still lives."""
        with self._reading(STATUS):
            return RunStatus.from_json(jsonfile.decode_object(read_bytes(self.path / STATUS, jsonfile.MOST_BYTES)))

    def _store_status(self, new: RunStatus) -> None:
        with self._writing(STATUS):
            write_bytes(self._disk, self.path / STATUS, jsonfile.encode(new.to_json()))
        self._recorded = dict(new.sha256)

    def _checksums(self) -> dict[str, str]:
        """The checksums in status.json. Raises RunError if it is missing or damaged."""
        if self._recorded is None:
            return dict(self.read_status().sha256)
        return self._recorded

    # The config

    def write_config(self, text: str) -> None:
        """Write config.yaml, the resolved experiment."""
        self._write_text(CONFIG, text)

    def read_config(self) -> str:
        """The text of config.yaml."""
        return self._read_text(CONFIG)

    def write_source(self, text: str) -> None:
        """Write source.yaml, the config as the user wrote it."""
        self._write_text(SOURCE, text)

    def read_source(self) -> str:
        """The text of source.yaml."""
        return self._read_text(SOURCE)

    # What is written once, as JSON

    def write_preprocess(self, value: Mapping[str, object]) -> None:
        """Write preprocess.json, what was fitted on the training split."""
        self._write_object(PREPROCESS, value)

    def read_preprocess(self) -> dict[str, Any]:
        """The object in preprocess.json."""
        return self._read_object(PREPROCESS)

    def write_environment(self, value: Mapping[str, object]) -> None:
        """Write environment.json, as `nntrain.runs.environment.environment` gives it."""
        self._write_object(ENVIRONMENT, value)

    def read_environment(self) -> dict[str, Any]:
        """The object in environment.json."""
        return self._read_object(ENVIRONMENT)

    def write_result(self, value: Mapping[str, object]) -> None:
        """Write result.json: `metrics` (split → name → value), `best_epoch`, `epochs`, `seconds`, ….

        `weights_sha256` is added if the weights were written by this object and `value` has none.
        """
        sha256 = self._written.get(WEIGHTS)
        self._write_object(RESULT, {"weights_sha256": sha256, **value} if sha256 else value)

    def read_result(self) -> dict[str, Any]:
        """The object in result.json."""
        return self._read_object(RESULT)

    def write_divergence(self, value: Mapping[str, object]) -> None:
        """Write divergence.json, the report on a training that diverged."""
        self._write(DIVERGENCE, jsonfile.encode(value))

    # Weights

    def write_weights(self, arrays: Mapping[str, Array]) -> str:
        """Write parameters and layer state by layer path, such as `0.w` [I, O]; returns their sha256.

        A result.json that is there is removed first: its scores are those of other weights.
        """
        self.remove(RESULT)
        self._forget(WEIGHTS)
        with self._writing(WEIGHTS):
            sha256 = write_arrays(self._disk, self.path / WEIGHTS, arrays)
        self._written[WEIGHTS] = sha256
        return sha256

    def read_weights(self, expected: Mapping[str, ArraySpec] | None = None) -> dict[str, Array]:
        """The arrays in weights.npz; their sha256 must be that of the file, status.json and result.json.

        `expected` has the shape and dtype of every array of the network; all that the headers say is compared
        before memory is allocated.
        """
        vouched = self._checksums().get(WEIGHTS)
        with (
            self._reading(WEIGHTS),
            ArraysFile(self.path / WEIGHTS, most_bytes=None if expected is None else most_bytes(expected)) as file,
        ):
            for name, recorded in ((STATUS, vouched), (RESULT, self._result_sha256())):
                if recorded is not None and recorded != file.sha256:
                    raise Damage(f"is not what the run wrote: its sha256 is {file.sha256}, {name} says {recorded}")
            if expected is not None:
                file.require(expected)
            return file.read()

    def _result_sha256(self) -> str | None:
        """What result.json says of the weights; None if it cannot be read, which is its reader's business."""
        try:
            value = jsonfile.decode_object(read_bytes(self.path / RESULT, jsonfile.MOST_BYTES)).get("weights_sha256")
        except (Damage, OSError):
            return None
        return value if isinstance(value, str) and len(value) == 64 else None

    # Checkpoints; nntrain.runs.checkpoint says what is in them

    def write_checkpoint(self, arrays: Mapping[str, Array]) -> None:
        """Write checkpoint.npz; the one that was there becomes checkpoint.previous.npz."""
        with self._writing(CHECKPOINT):
            written = self.path / _NEXT_CHECKPOINT
            write_arrays(self._disk, written, arrays)
            if self.has(CHECKPOINT):
                self._disk.replace(self.path / CHECKPOINT, self.path / PREVIOUS_CHECKPOINT)
            self._disk.replace(written, self.path / CHECKPOINT)
            self._disk.sync_directory(self.path)

    def read_checkpoint(self, name: str, *, most_bytes: int) -> dict[str, Array]:
        """The arrays in one of the two checkpoints, which prove their own content."""
        with self._reading(name), ArraysFile(self.path / name, most_bytes=most_bytes) as file:
            return file.read()

    def array_specs(self, name: str) -> dict[str, ArraySpec]:
        """The shapes and dtypes that the headers of weights.npz or a checkpoint announce; no array is read."""
        with self._reading(name), ArraysFile(self.path / name) as file:
            return file.specs

    # History

    def history_writer(self, keep: int | None = 0) -> HistoryWriter:
        """Open history.jsonl for appending, as a context manager with `append(record)` and `sync()`.

        `keep` epochs of it are kept, the rest is cut off: 0 for a new run, those before the checkpoint for
        one that goes on; None keeps every complete line.
        """
        with self._reading(HISTORY), self._writing(HISTORY):
            return HistoryWriter(self._disk, self.path / HISTORY, keep)

    def check_history(self, keep: int) -> None:
        """See whether the first `keep` lines are the records of those epochs, before anything is written."""
        with self._reading(HISTORY):
            check_history(self.path / HISTORY, keep)

    def read_history(self) -> list[dict[str, Any]]:
        """The records of history.jsonl, one per epoch; a last line that was cut is left out."""
        with self._reading(HISTORY):
            return read_history(self.path / HISTORY)

    def iter_history(self) -> Iterator[dict[str, Any]]:
        """The same one at a time, for a history of any length."""
        with self._reading(HISTORY):
            yield from iter_history(self.path / HISTORY)

    def count_epochs(self) -> int:
        """How many complete lines history.jsonl has."""
        with self._reading(HISTORY):
            return count_epochs(self.path / HISTORY)

    # Any file

    def write_text(self, name: str, text: str) -> None:
        """Write another file of the run, such as `leaderboard.csv`."""
        self._write(name, text.encode("utf-8"))

    def read_text(self, name: str) -> str:
        """The text of another file of the run."""
        return self._read_text(name)

    def remove(self, name: str) -> None:
        """Remove a file of the run if it is there, such as the checkpoint of one that is complete."""
        if self.has(name):
            self._forget(name)
            with self._writing(name):
                self._disk.remove(self.path / name)

    def tidy(self) -> None:
        """Remove what a process that was killed while it wrote has left beside the files. It does no harm there."""
        unfinished = [temporary(self.path / name) for name in (*FILES, _NEXT_CHECKPOINT)]
        for path in filter(os.path.lexists, [self.path / _NEXT_CHECKPOINT, *unfinished]):
            with contextlib.suppress(OSError):
                self._disk.remove(path)

    def has(self, name: str) -> bool:
        """Whether the run has a file of this name."""
        return os.path.lexists(self.path / name)

    def damaged(self, name: str, problem: str, *, remedy: str | None = None) -> RunError:
        """The error for a file of the run that can be read and makes no sense; `problem` goes on behind its path.

        `remedy` says what can still be done, by default what can be done without the file.
        """
        return damaged(self.path / name, Damage(problem, remedy=remedy))

    def _write(self, name: str, content: bytes) -> None:
        self._forget(name)
        with self._writing(name):
            write_bytes(self._disk, self.path / name, content)
        self._written[name] = hashlib.sha256(content).hexdigest()

    def _write_text(self, name: str, text: str) -> None:
        content = text.encode("utf-8")
        if len(content) > _TEXT_LIMIT:
            raise RunError(f"cannot write {self._named / name}: it is larger than {_TEXT_LIMIT:,} bytes")
        self._write(name, content)

    def _write_object(self, name: str, value: Mapping[str, object]) -> None:
        content = jsonfile.encode(value)
        try:
            jsonfile.check_size(content)
        except Damage as damage:
            raise RunError(f"cannot write {self._named / name}: it {damage}") from None
        self._write(name, content)

    def _forget(self, name: str) -> None:
        """Take a file's checksum out of status.json before the file changes, lest a crash make it wrong."""
        self._written.pop(name, None)
        if name in self._checksums():
            old = self.read_status()
            others = {key: value for key, value in old.sha256.items() if key != name}
            self._store_status(status.owned(old.status, started=old.started, message=old.message, sha256=others))

    def _read(self, name: str, limit: int) -> bytes:
        vouched = self._checksums().get(name)
        content = read_bytes(self.path / name, limit)
        if vouched is not None and hashlib.sha256(content).hexdigest() != vouched:
            raise Damage("was changed after the run wrote it: its sha256 is not the one in status.json")
        return content

    def _read_text(self, name: str) -> str:
        with self._reading(name):
            try:
                return self._read(name, _TEXT_LIMIT).decode("utf-8")
            except UnicodeDecodeError as error:
                raise Damage(f"is not UTF-8 (byte {error.start})") from None

    def _read_object(self, name: str) -> dict[str, Any]:
        with self._reading(name):
            return jsonfile.decode_object(self._read(name, jsonfile.MOST_BYTES))

    @contextlib.contextmanager
    def _reading(self, name: str) -> Iterator[None]:
        try:
            yield
        except Damage as damage:
            raise damaged(self.path / name, damage) from None
        except OSError as error:
            raise damaged(self.path / name, Damage(f"cannot be read: {error.strerror or error}")) from error

    @contextlib.contextmanager
    def _writing(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise cannot_write(self._named / name, error) from error

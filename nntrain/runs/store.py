"""The run directory: the only place where a run keeps anything, and all that the commands after `fit` need.

Every file but the history is written beside its name and renamed, so it is whole or absent. status.json
carries the sha256 of the other files, weights.npz its own, and result.json that of the weights: a file that
was cut, edited or mixed up with another run's is refused with a RunError that says which file, what is wrong
and what can still be done. runs/README.md describes the files.
"""

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nntrain.arrays import Array
from nntrain.errors import RunError
from nntrain.runs import jsonfile, lock
from nntrain.runs.arrays_file import ArraysFile, ArraySpec, most_bytes, write_arrays
from nntrain.runs.file_names import (
    CHECKPOINT,
    CONFIG,
    DIVERGENCE,
    ENVIRONMENT,
    FILES,
    HISTORY,
    LEADERBOARD,
    LOCK,
    NEXT_CHECKPOINT,
    PREPROCESS,
    PREVIOUS_CHECKPOINT,
    RESULT,
    SOURCE,
    STATUS,
    WEIGHTS,
)
from nntrain.runs.files import Damage, Disk, read_bytes, temporary
from nntrain.runs.history import HistoryWriter, check_history, count_epochs, iter_history
from nntrain.runs.messages import no_such_run
from nntrain.runs.vouched import VouchedFolder


class RunDirectory(VouchedFolder):
    """One run on disk, file by file: `creation` makes one, `open` finds one.

    Whoever writes to it holds `lock()`. Every method raises RunError for a file that is missing, damaged or
    cannot be written, and leaves the file as it was before.

    Args:
        path: where it is.
        disk: through which it writes; by default the real one.
        is_new: whether it is about to be made, so that there is no status.json yet.
    """

    def __init__(self, path: Path, *, disk: Disk | None = None, is_new: bool = False) -> None:
        super().__init__(path, disk or Disk(), is_new=is_new)

    @classmethod
    def open(cls, run: Path | str, *, runs_dir: Path | str = "runs") -> "RunDirectory":
        """An existing run, by its path or by its name under `runs_dir`.

        Raises:
            RunError: there is no such directory, or it holds none of a run's files.
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
        return cls(path)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only one who writes to this run while the block runs.

        Raises:
            RunError: "… is in use by process N since …": somebody else does. A process that died holds nothing.
        """
        with lock.exclusive(self.disk, lambda: self.path / LOCK):
            yield

    # The config

    def write_config(self, text: str) -> None:
        """Write config.yaml, the resolved experiment."""
        self.write_config_text(CONFIG, text)

    def read_config(self) -> str:
        """The text of config.yaml."""
        return self.read_text(CONFIG)

    def write_source(self, text: str) -> None:
        """Write source.yaml, the config as the user wrote it."""
        self.write_config_text(SOURCE, text)

    def read_source(self) -> str:
        """The text of source.yaml."""
        return self.read_text(SOURCE)

    # What is written once

    def write_preprocess(self, value: Mapping[str, object]) -> None:
        """Write preprocess.json, what was fitted on the training split."""
        self.write_document(PREPROCESS, value)

    def read_preprocess(self) -> dict[str, Any]:
        """The object in preprocess.json."""
        return self.read_document(PREPROCESS)

    def write_environment(self, value: Mapping[str, object]) -> None:
        """Write environment.json, as `nntrain.runs.environment.environment` gives it."""
        self.write_document(ENVIRONMENT, value)

    def read_environment(self) -> dict[str, Any]:
        """The object in environment.json."""
        return self.read_document(ENVIRONMENT)

    def write_result(self, value: Mapping[str, object]) -> None:
        """Write result.json: `metrics` (split → name → value), `best_epoch`, `epochs`, `seconds`, ….

        `weights_sha256` is added if the weights were written by this object and `value` has none.
        """
        sha256 = self.written.get(WEIGHTS)
        self.write_document(RESULT, {"weights_sha256": sha256, **value} if sha256 else value)

    def read_result(self) -> dict[str, Any]:
        """The object in result.json."""
        return self.read_document(RESULT)

    def write_divergence(self, value: Mapping[str, object]) -> None:
        """Write divergence.json, the report on a training that diverged."""
        self.write_bytes(DIVERGENCE, jsonfile.encode(value))

    def write_leaderboard(self, text: str) -> None:
        """Write leaderboard.csv, the points of a search, best first."""
        self.write_bytes(LEADERBOARD, text.encode("utf-8"))

    # Weights

    def write_weights(self, arrays: Mapping[str, Array]) -> str:
        """Write parameters and layer state by layer path, such as `0.w` [I, O]; returns their sha256.

        A result.json that is there is removed first: its scores are those of other weights.
        """
        self.remove(RESULT)
        self.forget(WEIGHTS)
        with self.writing(WEIGHTS):
            sha256 = write_arrays(self.disk, self.path / WEIGHTS, arrays)
        self.written[WEIGHTS] = sha256
        return sha256

    def read_weights(self, expected: Mapping[str, ArraySpec] | None = None) -> dict[str, Array]:
        """The arrays in weights.npz; their sha256 must be that of the file, status.json and result.json.

        `expected` has the shape and dtype of every array of the network; all that the headers say is compared
        before memory is allocated.
        """
        vouched = self.recorded_checksums().get(WEIGHTS)
        most = None if expected is None else most_bytes(expected)
        with self.reading(WEIGHTS), ArraysFile(self.path / WEIGHTS, most_bytes=most) as file:
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

    def array_specs(self, name: str) -> dict[str, ArraySpec]:
        """The shapes and dtypes that the headers of weights.npz or a checkpoint announce; no array is read."""
        with self.reading(name), ArraysFile(self.path / name) as file:
            return file.specs

    # Checkpoints; nntrain.runs.checkpoint says what is in them

    def write_checkpoint(self, arrays: Mapping[str, Array]) -> None:
        """Write checkpoint.npz; the one that was there becomes checkpoint.previous.npz."""
        with self.writing(CHECKPOINT):
            written = self.path / NEXT_CHECKPOINT
            write_arrays(self.disk, written, arrays)
            if self.has(CHECKPOINT):
                self.disk.replace(self.path / CHECKPOINT, self.path / PREVIOUS_CHECKPOINT)
            self.disk.replace(written, self.path / CHECKPOINT)
            self.disk.sync_directory(self.path)

    def read_checkpoint(self, name: str, *, most_bytes: int) -> dict[str, Array]:
        """The arrays in one of the two checkpoints, which prove their own content."""
        with self.reading(name), ArraysFile(self.path / name, most_bytes=most_bytes) as file:
            return file.read()

    # History

    def history_writer(self, keep: int = 0) -> HistoryWriter:
        """Open history.jsonl for appending, as a context manager with `append(record)` and `sync()`.

        `keep` epochs of it are kept, the rest is cut off: 0 for a new run, those before the checkpoint for
        one that goes on.
        """
        with self.reading(HISTORY), self.writing(HISTORY):
            return HistoryWriter(self.disk, self.path / HISTORY, keep)

    def check_history(self, keep: int) -> None:
        """See whether the first `keep` lines are the records of those epochs, before anything is written."""
        with self.reading(HISTORY):
            check_history(self.path / HISTORY, keep)

    def iter_history(self) -> Iterator[dict[str, Any]]:
        """The records of history.jsonl one at a time, one per epoch; a last line that was cut is left out."""
        with self.reading(HISTORY):
            yield from iter_history(self.path / HISTORY)

    def count_epochs(self) -> int:
        """How many complete lines history.jsonl has."""
        with self.reading(HISTORY):
            return count_epochs(self.path / HISTORY)

    # All of them

    def tidy(self) -> None:
        """Remove what a process that was killed while it wrote has left beside the files. It does no harm there."""
        unfinished = [temporary(self.path / name) for name in (*FILES, NEXT_CHECKPOINT)]
        for path in filter(os.path.lexists, [self.path / NEXT_CHECKPOINT, *unfinished]):
            with contextlib.suppress(OSError):
                self.disk.remove(path)

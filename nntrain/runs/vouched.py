"""Files that status.json vouches for by their checksums: one that was cut, edited or mixed up is refused."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nntrain.errors import RunError
from nntrain.runs import jsonfile, status
from nntrain.runs.file_names import STATUS
from nntrain.runs.files import Damage, Disk, read_bytes, write_bytes
from nntrain.runs.folder import Folder
from nntrain.runs.status import RunStatus, Status

_TEXT_LIMIT = 1 << 24  # bytes of a config


class VouchedFolder(Folder):
    """The status of a run, and its texts and documents, which are checked against it as they are read.

    Attributes:
        written: the checksums of what this object wrote; the next status vouches for it.
    """

    def __init__(self, path: Path, disk: Disk, *, is_new: bool) -> None:
        super().__init__(path, disk)
        self._recorded: dict[str, str] | None = {} if is_new else None  # as status.json has them; None: not read yet
        self.written: dict[str, str] = {}

    # Status

    def set_status(self, to: Status, message: str | None = None) -> None:
        """Write status.json: status, this process, time, and the checksums of what was written so far.

        Call it with "running" again once config.yaml and its like are there, so that they are vouched for
        from then on, and at the end.
        """
        sha256 = {**self.recorded_checksums(), **self.written}
        started = self.read_status().started if self.has(STATUS) else None
        self._store_status(status.owned(to, started=started, message=message, sha256=sha256))

    def read_status(self) -> RunStatus:
        """The content of status.json; its `current()` knows whether the process still lives."""
        with self.reading(STATUS):
            return RunStatus.from_json(jsonfile.decode_object(read_bytes(self.path / STATUS, jsonfile.MOST_BYTES)))

    def _store_status(self, new: RunStatus) -> None:
        with self.writing(STATUS):
            write_bytes(self.disk, self.path / STATUS, jsonfile.encode(new.to_json()))
        self._recorded = dict(new.sha256)

    # Checksums

    def recorded_checksums(self) -> dict[str, str]:
        """The checksums in status.json by file. Raises RunError if it is missing or damaged."""
        if self._recorded is None:
            return dict(self.read_status().sha256)
        return self._recorded

    def forget(self, name: str) -> None:
        """Take a file's checksum out of status.json before the file changes, lest a crash make it wrong."""
        self.written.pop(name, None)
        if name in self.recorded_checksums():
            old = self.read_status()
            others = {key: value for key, value in old.sha256.items() if key != name}
            self._store_status(status.owned(old.status, started=old.started, message=old.message, sha256=others))

    # Texts and documents

    def write_bytes(self, name: str, content: bytes) -> None:
        """Replace a file."""
        self.forget(name)
        with self.writing(name):
            write_bytes(self.disk, self.path / name, content)
        self.written[name] = hashlib.sha256(content).hexdigest()

    def write_document(self, name: str, value: Mapping[str, object]) -> None:
        """Replace a JSON file. Raises RunError for what is too much to be read again."""
        content = jsonfile.encode(value)
        try:
            jsonfile.check_size(content)
        except Damage as damage:
            raise RunError(f"cannot write {self.named / name}: it {damage}") from None
        self.write_bytes(name, content)

    def read_document(self, name: str) -> dict[str, Any]:
        """The object in a JSON file."""
        with self.reading(name):
            return jsonfile.decode_object(self._read(name, jsonfile.MOST_BYTES))

    def write_config_text(self, name: str, text: str) -> None:
        """Replace a YAML file. Raises RunError for what is too much to be read again."""
        content = text.encode("utf-8")
        if len(content) > _TEXT_LIMIT:
            raise RunError(f"cannot write {self.named / name}: it is larger than {_TEXT_LIMIT:,} bytes")
        self.write_bytes(name, content)

    def read_text(self, name: str) -> str:
        """The text of a file."""
        with self.reading(name):
            try:
                return self._read(name, _TEXT_LIMIT).decode("utf-8")
            except UnicodeDecodeError as error:
                raise Damage(f"is not UTF-8 (byte {error.start})") from None

    def remove(self, name: str) -> None:
        """Remove a file of the run if it is there, such as the checkpoint of one that is complete."""
        if self.has(name):
            self.forget(name)
            with self.writing(name):
                self.disk.remove(self.path / name)

    def _read(self, name: str, limit: int) -> bytes:
        vouched = self.recorded_checksums().get(name)
        content = read_bytes(self.path / name, limit)
        if vouched is not None and hashlib.sha256(content).hexdigest() != vouched:
            raise Damage("was changed after the run wrote it: its sha256 is not the one in status.json")
        return content

"""The run directory on disk.

`store.py` is the place to start: `RunDirectory` writes and reads the files of one run, which file_names.py lists. It
stands on `vouched.py` (files that status.json has the checksums of) and `folder.py`. `creation.py` makes a run, `finding.py`
finds one, `listing.py` shows all, `environment.py` says what a run was computed with, `arrays_file.py` keeps named arrays
without pickle, and `files.py` is the layer through which every byte is written.
"""

from nntrain.runs.arrays_file import ArraySpec, arrays_sha256
from nntrain.runs.environment import environment
from nntrain.runs.history import HistoryWriter
from nntrain.runs.status import RunStatus, Status
from nntrain.runs.store import RunDirectory

__all__ = [
    "ArraySpec",
    "HistoryWriter",
    "RunDirectory",
    "RunStatus",
    "Status",
    "arrays_sha256",
    "environment",
]

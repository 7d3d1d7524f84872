"""The run directory on disk.

`store.py` is the place to start: `RunDirectory` writes and reads the files of one run, which file_names.py lists.
It stands on `vouched.py` (files whose checksums are in status.json) and `folder.py`. `creation.py` makes a run,
`finding.py` finds one, `listing.py` shows all, `environment.py` says what a run was computed with, `arrays_file.py`
keeps named arrays without pickle, and `files.py` is the layer through which every byte is written.
"""

"""Changes that make a run directory a damaged or a hostile one, drawn at random.

A change may hide itself: the checksums in status.json are then made those of the changed files, so that what lies
behind them is reached.
"""

import io
import json
import os
import pickle
import random
import shutil
import warnings
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from nntrain.runs.arrays_file import arrays_sha256, write_arrays
from nntrain.runs.files import Disk

FILES = (
    "config.yaml",
    "source.yaml",
    "preprocess.json",
    "environment.json",
    "result.json",
    "status.json",
    "history.jsonl",
    "weights.npz",
    "checkpoint.npz",
    "checkpoint.previous.npz",
    "lock",
)
ARRAYS = ("weights.npz", "checkpoint.npz", "checkpoint.previous.npz")
DOCUMENTS = ("config.yaml", "preprocess.json", "environment.json", "result.json", "status.json")

NASTY: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1,
    2,
    1e-3,
    0.9999,
    -0.5,
    1e308,
    5e-324,
    10**9,
    10**18,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "auto",
    "x",
    "../../../../../../etc/passwd",
    "/dev/zero",
    "\x1b[2J\x07",
    "\0",
    "x" * 300_000,
    "9" * 5_000,
    [],
    {},
    [[]],
    [1, 2, 3],
    [[1.0] * 1000] * 100,
    {"type": "dense", "units": 10**9},
    {"type": "sgd"},
    {"path": "/dev/zero"},
    ["a", "a"],
)

Change = Callable[[Path, random.Random], None]


class _Print:
    """Executes something where it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return _executed, ("unpickled",)


EXECUTED: list[str] = []


def _executed(what: str) -> None:
    EXECUTED.append(what)


# Bytes


def flip(path: Path, rng: random.Random) -> None:
    """Some bits."""
    content = bytearray(path.read_bytes())
    for _ in range(rng.choice((1, 1, 1, 2, 16))):
        if content:
            content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    path.write_bytes(content)


def cut(path: Path, rng: random.Random) -> None:
    """The end, at any place."""
    content = path.read_bytes()
    path.write_bytes(content[: rng.randrange(len(content) + 1)])


def splice(path: Path, rng: random.Random) -> None:
    """A range taken out, doubled, zeroed or replaced by noise."""
    content = path.read_bytes()
    start = rng.randrange(len(content) + 1)
    length = rng.choice((1, 4, 64, 1000))
    piece = content[start : start + length]
    new = rng.choice((b"", piece * 2, bytes(len(piece)), rng.randbytes(length), piece[::-1]))
    path.write_bytes(content[:start] + new + content[start + length :])


def replace_content(path: Path, rng: random.Random) -> None:
    """Something else altogether."""
    path.write_bytes(
        rng.choice(
            (
                b"",
                b"\n",
                b"\xff\xfe\x00",
                b"[" * 100_000,
                b'{"a":' * 50_000,
                b"{}",
                b"[]",
                b"{" + b'"a": [], ' * 100_000 + b'"a": 1}',
                b"- " * 20_000,
                b"a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*c, *c]\n",
                b"!!python/object/apply:os.system [true]\n",
                b"9" * 100_000,
                b"PK\x05\x06" + bytes(18),
                pickle.dumps(_Print()),
            )
        )
    )


def grow(path: Path, rng: random.Random) -> None:
    """A terabyte that takes no space on the disk."""
    os.truncate(path, 1 << 40)


def special(path: Path, rng: random.Random) -> None:
    """No file: nothing, a directory, a pipe, a device, a link."""
    path.unlink()
    match rng.randrange(8):
        case 0 | 1:
            pass
        case 2:
            path.mkdir()
        case 3:
            os.mkfifo(path)
        case 4:
            path.symlink_to("/dev/zero")
        case 5:
            path.symlink_to("/dev/null")
        case 6:
            path.symlink_to(path.name)
        case 7:
            path.symlink_to("nowhere")


# Values of documents


def change_value(path: Path, rng: random.Random) -> None:
    """One value of a document, or a key of it."""
    text = path.read_text(encoding="utf-8")
    document = yaml.safe_load(text) if path.suffix == ".yaml" else json.loads(text)
    holder, key = _anywhere(document, rng)
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder[key], int | float) and not isinstance(holder[key], bool):
            holder[key] *= rng.choice((0.5, -1, 2, 1.0001, 1e6))
        case 2 if isinstance(holder, list):
            holder.append(holder[key])
        case 2 if isinstance(holder, dict):
            holder["surplus"] = holder[key]
        case 3 if isinstance(holder[key], str):
            holder[key] = "".join(rng.sample(holder[key], len(holder[key])))
        case _:
            holder[key] = rng.choice(NASTY)
    write = yaml.safe_dump if path.suffix == ".yaml" else json.dumps
    path.write_bytes(write(document).encode("utf-8", "surrogatepass"))


def _anywhere(document: Any, rng: random.Random) -> tuple[Any, Any]:
    """A container in the document and one of its keys, at any depth."""
    places: list[tuple[Any, Any]] = []

    def walk(value: Any) -> None:
        pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        for key, child in pairs:
            places.append((value, key))
            walk(child)

    walk(document)
    return rng.choice(places)


# Arrays


def change_arrays(path: Path, rng: random.Random) -> None:
    """One array, in a file that proves its own content or in any npz."""
    with np.load(io.BytesIO(path.read_bytes())) as archive:
        arrays = {name: archive[name] for name in archive.files}
    name = rng.choice(sorted(arrays))
    array = arrays[name]
    match rng.randrange(9):
        case 0:
            del arrays[name]
        case 1:
            arrays[f"{name}2"] = array
        case 2:
            arrays[name] = array.astype(rng.choice((np.float64, np.float32, np.int64, np.uint8, np.bool_)))
        case 3:
            arrays[name] = array[None] if array.ndim < 2 else array.T
        case 4:
            arrays[name] = np.concatenate([array.reshape(-1), array.reshape(-1)])
        case 5:
            arrays[name] = np.full_like(array, rng.choice((0, 1, 255, -1, 1e30)), dtype=np.float64).astype(array.dtype)
        case 6:
            arrays[name] = np.full(array.shape, np.nan)
        case 7:
            arrays[name] = np.roll(array, 1)
        case 8:
            numbers = rng.choice((b"[]", b"{}", b'{"epoch": -5, "step": 0}', b'{"epoch": 2, "step": 1e9}', b"\xff"))
            arrays["numbers"] = np.frombuffer(numbers, np.uint8)
    if rng.randrange(4):
        write_arrays(Disk(), path, arrays)
    else:
        rng.choice((np.savez, np.savez_compressed))(path, **arrays)


def change_numbers(path: Path, rng: random.Random) -> None:
    """What a checkpoint holds beside its arrays."""
    with np.load(io.BytesIO(path.read_bytes())) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if "numbers" not in arrays:
        return change_arrays(path, rng)
    document = json.loads(arrays["numbers"].tobytes())
    holder, key = _anywhere(document, rng)
    holder[key] = rng.choice(NASTY)
    arrays["numbers"] = np.frombuffer(json.dumps(document).encode(), np.uint8)
    write_arrays(Disk(), path, arrays)
    return None


def hostile_archive(path: Path, rng: random.Random) -> None:
    """A zip that wants memory, or to be believed."""
    match rng.randrange(5):
        case 0:
            members = {"0.w.npy": _npy(np.array([_Print()], dtype=object))}
        case 1:
            members = {"0.w.npy": _header("(1000000, 1000000)") + bytes(64)}
        case 2:
            members = {"0.w.npy": _header("(8,)", "'|O'") + pickle.dumps(_Print())}
        case 3:
            members = {f"{number}.w.npy": _npy(np.zeros(1)) for number in range(2000)}
        case _:
            members = {"../../evil.npy": _npy(np.zeros(1)), "0.w.npy": _npy(np.zeros((1000, 1000)))}
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.comment = b"nntrain sha256 " + sha256(rng.randbytes(8)).hexdigest().encode()
        for name, content in members.items():
            for _ in range(rng.choice((1, 1, 2))):
                archive.writestr(name, content)


def _npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.lib.format.write_array(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def _header(shape: str, descr: str = "'<f4'") -> bytes:
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}"
    text = text.ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


# What a change runs into where another one was before it.
_CHANGED_BEFORE = (
    ValueError,
    LookupError,
    EOFError,
    OSError,
    MemoryError,
    RecursionError,
    yaml.YAMLError,
    zipfile.BadZipFile,
)
OF_BYTES: tuple[Change, ...] = (flip, flip, flip, cut, cut, splice, splice, replace_content, grow, special, special)
OF_DOCUMENTS: tuple[Change, ...] = (*OF_BYTES, *[change_value] * 16)
OF_ARRAYS: tuple[Change, ...] = (*OF_BYTES, *[change_arrays] * 6, *[change_numbers] * 4, *[hostile_archive] * 2)


def mutate(run: Path, rng: random.Random, others: list[Path]) -> tuple[list[str], bool]:
    """Change a run directory; returns what was done, and whether it may be another run then.

    It may where the checksums were made to fit; only one file is changed then. A checkpoint proves only itself.
    """
    hides = rng.random() < 0.5
    done: list[str] = []
    for _ in range(1 if hides else rng.choice((1, 1, 1, 2, 3))):
        name = rng.choice([name for name in FILES if (run / name).is_file()] or ["status.json"])
        done.append(f"{_change(run / name, rng, others)} {name}")
    if hides:
        _make_checksums_fit(run, result_too=rng.random() < 0.5)
    return done, hides or any(change.startswith("change_") and "checkpoint" in change for change in done)


def _change(path: Path, rng: random.Random, others: list[Path]) -> str:
    if path.stat().st_size > 1 << 24:  # it was changed before
        os.truncate(path, 0)
        return "empty"
    if rng.random() < 0.1:
        source = rng.choice(others) / path.name
        if not source.is_file():
            source = rng.choice([each for each in path.parent.iterdir() if each.is_file()])
        shutil.copyfile(source, f"{path}.new")
        os.replace(f"{path}.new", path)
        return f"{source.name} of {source.parent.name} as"
    changes: tuple[Change, ...] = (
        OF_ARRAYS if path.name in ARRAYS else OF_DOCUMENTS if path.name in DOCUMENTS else OF_BYTES
    )
    change = rng.choice(changes)
    try:
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of numbers that do not fit, and of members of the same name
            change(path, rng)
    except _CHANGED_BEFORE:
        path.write_bytes(b"")
        return "empty"
    return change.__name__


def _changes(name: str) -> tuple[Change, ...]:
    if name in ARRAYS:
        return OF_ARRAYS
    return OF_DOCUMENTS if name in DOCUMENTS else OF_BYTES


def _make_checksums_fit(run: Path, *, result_too: bool) -> None:
    """Put the sha256 of every file into status.json as if the run had written them."""
    arrays = _arrays_sha256(run / "weights.npz")
    try:
        status = json.loads(_content(run / "status.json"))
        if result_too and arrays is not None:
            result = json.loads(_content(run / "result.json"))
            result["weights_sha256"] = arrays
            (run / "result.json").write_text(json.dumps(result))
        for name in status["sha256"]:
            content = _content(run / name)
            status["sha256"][name] = arrays if name == "weights.npz" and arrays else sha256(content).hexdigest()
        (run / "status.json").write_text(json.dumps(status))
    except (ValueError, TypeError, KeyError, RecursionError):  # they cannot be made to fit
        pass


def _content(path: Path) -> bytes:
    """What a file of ordinary size holds; nothing where there is none."""
    return path.read_bytes() if path.is_file() and path.stat().st_size < 1 << 24 else b""


def _arrays_sha256(path: Path) -> str | None:
    """The sha256 of the arrays in a file; what the file says where they cannot be read."""
    content = _content(path)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return arrays_sha256({name: archive[name] for name in archive.files})
    except Exception:  # whatever NumPy raises: then the checksum at the end of the file is believed
        return content[-64:].decode("latin-1") or None

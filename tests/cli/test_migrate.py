"""`nntrain migrate`: prints, writes a new file, or replaces the old one and keeps it."""

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Invoke

OLD = "# mine\n\ndata: {synthetic: xor}  # ⊕\nnetwork: [{type: dense, units: auto}]\n"
NEW = "# mine\n\nversion: 1\ndata: {synthetic: xor}  # ⊕\nnetwork: [{type: dense, units: auto}]\n"


@pytest.fixture(autouse=True)
def old(workdir: Path) -> Path:
    """The current directory with a config that says no version."""
    (workdir / "old.yaml").write_bytes(OLD.encode())
    return workdir / "old.yaml"


def test_the_new_text_is_printed(invoke: Invoke, old: Path) -> None:
    ended = invoke("migrate", "old.yaml")
    assert (ended.exit_code, ended.stdout_bytes.decode()) == (0, NEW)
    assert ended.stderr == "old.yaml: added `version: 1`\n"
    assert [path.name for path in old.parent.iterdir()] == ["old.yaml"]
    assert old.read_text(encoding="utf-8") == OLD


def test_line_ends_are_printed_as_they_are(invoke: Invoke, old: Path) -> None:
    old.write_bytes(OLD.replace("\n", "\r\n").encode())
    assert invoke("migrate", "old.yaml").stdout_bytes == NEW.replace("\n", "\r\n").encode()


def test_a_new_file_is_written(invoke: Invoke, old: Path) -> None:
    ended = invoke("migrate", "old.yaml", "--output", "new.yaml")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == "old.yaml: added `version: 1`\nwritten to new.yaml\n"
    assert (old.parent / "new.yaml").read_bytes() == NEW.encode()
    again = invoke("migrate", "old.yaml", "--output", "new.yaml")
    assert (again.exit_code, again.stderr) == (2, "new.yaml is there already: remove it, or give another name\n")


def test_in_place_keeps_the_old_one(invoke: Invoke, old: Path) -> None:
    old.chmod(0o640)
    ended = invoke("migrate", "old.yaml", "--in-place")
    backup = old.with_name("old.yaml.bak")
    assert (ended.exit_code, ended.stdout) == (0, "")
    assert ended.stderr == f"old.yaml: added `version: 1`\nwritten to old.yaml; the old one is {backup}\n"
    assert (old.read_bytes(), backup.read_bytes()) == (NEW.encode(), OLD.encode())
    assert old.stat().st_mode & 0o777 == 0o640
    assert sorted(path.name for path in old.parent.iterdir()) == ["old.yaml", "old.yaml.bak"]
    before = old.stat()
    again = invoke("migrate", "old.yaml", "--in-place")
    assert (again.exit_code, again.stderr) == (0, "old.yaml is of version 1, the present one: nothing to change\n")
    assert (old.stat().st_mtime_ns, old.stat().st_ino) == (before.st_mtime_ns, before.st_ino)


def test_an_earlier_copy_is_not_lost(invoke: Invoke, old: Path) -> None:
    backup = old.with_name("old.yaml.bak")
    backup.write_text("precious")
    ended = invoke("migrate", "old.yaml", "-i")
    assert ended.exit_code == 2
    assert ended.stderr == f"{backup} is there already, from an earlier migration: remove or rename it\n"
    assert (old.read_bytes(), backup.read_text()) == (OLD.encode(), "precious")


def test_a_link_is_followed(invoke: Invoke, old: Path) -> None:
    (old.parent / "link.yaml").symlink_to(old)
    assert invoke("migrate", "link.yaml", "-i").exit_code == 0
    assert (old.parent / "link.yaml").is_symlink()
    assert old.read_bytes() == NEW.encode()


def test_a_full_disk_leaves_the_old_one(invoke: Invoke, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: object, target: object) -> None:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(os, "replace", full)
    ended = invoke("migrate", "old.yaml", "-i")
    assert (ended.exit_code, ended.stderr) == (2, f"{old}: No space left on device\n")
    assert old.read_bytes() == OLD.encode()
    assert [path.name for path in old.parent.iterdir()] == ["old.yaml"]


def test_the_config_of_a_run_is_left_alone(invoke: Invoke, old: Path) -> None:
    (old.parent / "status.json").write_text("{}")
    ended = invoke("migrate", "old.yaml", "-i")
    assert ended.exit_code == 2
    assert ended.stderr == "old.yaml is part of a run, which would no longer know it: use --output FILE\n"
    assert old.read_bytes() == OLD.encode()


def test_json_says_what_was_done(invoke: Invoke, old: Path) -> None:
    ended = invoke("migrate", "old.yaml", "-i", "--json")
    assert json.loads(ended.stdout) == {
        "config": "old.yaml",
        "version_before": None,
        "version": 1,
        "changes": ["added `version: 1`"],
        "written": "old.yaml",
        "backup": str(old.with_name("old.yaml.bak")),
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["old.yaml", "-i", "-o", "new.yaml"], "--output and --in-place are two ways of writing: give one of them\n"),
        (["odl.yaml"], "odl.yaml: no such file\n      | did you mean 'old.yaml'?\n1 error in odl.yaml\n"),
    ],
)
def test_mistakes(invoke: Invoke, old: Path, arguments: list[str], message: str) -> None:
    ended = invoke("migrate", *arguments)
    assert (ended.exit_code, ended.stdout, ended.stderr) == (2, "", message)
    assert [path.name for path in old.parent.iterdir()] == ["old.yaml"]


def test_a_newer_version_is_refused(invoke: Invoke, old: Path) -> None:
    old.write_text("version: 7\n" + OLD)
    ended = invoke("migrate", "old.yaml", "-i")
    assert (ended.exit_code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("old.yaml:1:10: version 7 is that of a newer nntrain\n")

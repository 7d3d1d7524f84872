"""`nntrain migrate`"""

import contextlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from nntrain.cli.console import print_json, put_text, say
from nntrain.cli.options import JsonOption
from nntrain.cli.writing import appearing, check_output, is_special
from nntrain.errors import UserError

if TYPE_CHECKING:
    from nntrain.language.migrate import Migration

EXAMPLE = """Example:
  nntrain migrate old.yaml
  nntrain migrate old.yaml --output new.yaml
  nntrain migrate old.yaml --in-place"""


def run(
    config: Annotated[str, typer.Argument(metavar="CONFIG", help="The YAML file to rewrite.", show_default=False)],
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Write to this new file.", show_default=False),
    ] = None,
    in_place: Annotated[
        bool, typer.Option("--in-place", "-i", help="Replace CONFIG; the old text is kept as CONFIG.bak.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Rewrite a config of an older version of the config language for this one.

    Comments and layout stay, and one that needs no change stays as it is to the byte. Without --output and --in-place
    the new text is printed. A config of a newer nntrain is refused.
    """
    from nntrain.config.migrate import migrate
    from nntrain.workflows.run.interruption import terminable

    if output is not None and in_place:
        raise UserError("--output and --in-place are two ways of writing: give one of them")
    output = None if output == "-" else output
    if output is not None:
        check_output(Path(output), [(Path(config), "the config to migrate")])
    migration = migrate(config)
    written, backup = None, None
    with terminable():
        if output is not None:
            written = _write_new(Path(output), migration.text)
        elif in_place and migration.changes:
            written, backup = _replace(Path(config), migration.text)
    for line in _report(config, migration):
        say(line)
    if json:
        versions = {"version_before": migration.before or None, "version": migration.version}
        print_json({"config": config, **versions, "changes": migration.changes, "written": written, "backup": backup})
    elif output is None and not in_place:
        put_text(migration.text)
    elif written is not None:
        say(f"written to {written}" + (f"; the old one is {backup}" if backup else ""))


def _report(config: str, migration: "Migration") -> list[str]:
    if not migration.changes:
        return [f"{config} is of version {migration.version}, the present one: nothing to change"]
    return [f"{config}: {change}" for change in migration.changes]


def _write_new(path: Path, text: str) -> Path:
    if os.path.exists(path) and not is_special(path):
        raise UserError(f"{path} is there already: remove it, or give another name")
    with appearing(path) as stream:
        stream.write(text)
    return path


def _replace(path: Path, text: str) -> tuple[Path, Path]:
    """Put the new text in the place of the old one in one step, and keep that."""
    from nntrain.runs.ownership import run_of_file

    target = Path(os.path.realpath(path))
    backup = target.with_name(target.name + ".bak")
    if os.path.isfile(target.parent / "status.json") or run_of_file(target) is not None:
        raise UserError(f"{path} is part of a run, which would no longer know it: use --output FILE")
    try:
        with backup.open("xb") as kept, target.open("rb") as old:
            shutil.copyfileobj(old, kept)
    except FileExistsError:
        raise UserError(f"{backup} is there already, from an earlier migration: remove or rename it") from None
    try:
        shutil.copystat(target, backup)
        with appearing(target) as stream:
            shutil.copymode(target, stream.name)
            stream.write(text)
    except BaseException:
        with contextlib.suppress(OSError):  # the failure to report is the first
            backup.unlink()
        raise
    return path, backup

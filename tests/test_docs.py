"""The documents are true: their commands run and print what is shown, their Python runs, their links lead somewhere.

How the fenced blocks of a document are read, in the order of the document and in one folder with copies of `configs`
and `datasets`:

```console            `$ nntrain …` and `$ python FILE` are run; other commands are only read. What is shown below a
                      command must be in its output, line by line and in this order. Numbers may differ, and so may
                      the names of runs; a line `...` stands for any lines, and `...` at the end of a line for the
                      rest of it.
```console exit=2     The command fails with this exit code.
```console terminal   The command is run on a terminal of 100 columns, where progress is drawn and not listed.
```yaml plants.yaml   A language and a name: the block is written to the file of that name.
```pycon              Is run as a doctest; `...` stands for anything.
Any other block is only shown.
"""

import doctest
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from nntrain.cli.app import app

ROOT = Path(__file__).parent.parent
WIDTH = 100
# What a reader of README.md has, but this folder has not: a table of their own.
OWN_TABLE = "houses.csv"
NOT_RUN = ("cd", "echo", "git", "make", "pip", "source")

FENCE = re.compile(r"^```(?P<info>.*)\n(?P<body>(?:.*\n)*?)```$", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
HEADING = re.compile(r"^#+ +(?P<text>.*?)\s*$", re.MULTILINE)
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
VARYING = (
    (re.compile(r"-\d{8}-\d{6}-[0-9a-f]{4}"), "-RUN"),
    (re.compile(r"[▁▂▃▄▅▆▇█]+"), "▁"),
    (re.compile(r"─+"), "─"),
    (re.compile(r"(?<![A-Za-z_\d])[-+]?\d[\d,.]*(?:e[-+]?\d+)?[kM]?"), "#"),
    (re.compile(r"(?<=\s)\.(?=\s|$)"), "#"),  # no example, in a confusion matrix
    (re.compile(r"\s+"), " "),
)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the words after it, its text, and the line of the document it begins in."""

    language: str
    words: tuple[str, ...]
    text: str
    line: int


@dataclass(frozen=True)
class Command:
    """A command of a console block, and the lines shown below it."""

    text: str
    shown: tuple[str, ...]


def blocks(document: Path) -> Iterator[Block]:
    """The fenced blocks of a document."""
    text = document.read_text(encoding="utf-8")
    for match in FENCE.finditer(text):
        language, *words = match["info"].split() or [""]
        yield Block(language, tuple(words), match["body"], text.count("\n", 0, match.start()) + 1)


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block; a line that ends in a backslash goes on in the next."""
    for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.replace("\\\n", "").partition("\n")
        yield Command(command.strip(), tuple(shown.splitlines()))


def alike(line: str) -> str:
    """A line of output without what may differ from run to run and from machine to machine."""
    for pattern, replacement in VARYING:
        line = pattern.sub(replacement, line)
    return line.strip()


def missing_line(shown: tuple[str, ...], output: str) -> str | None:
    """The first shown line that the output does not have behind those before it."""
    following = iter([alike(line) for line in output.splitlines()])
    for line in shown:
        wanted = alike(line)
        if wanted in ("", "..."):
            continue
        start = wanted.removesuffix("...").rstrip()
        if not any(found == wanted or (wanted.endswith("...") and found.startswith(start)) for found in following):
            return line
    return None


def run(command: str, *, terminal: bool) -> tuple[str, int] | None:
    """The output (first stderr, then stdout) and the exit code of a command, or None for one that is not run."""
    program, *arguments = shlex.split(command)
    if program == "nntrain" and terminal:
        return on_terminal([sys.executable, "-m", "nntrain", *arguments])
    if program == "nntrain":
        result = CliRunner().invoke(app, arguments, prog_name="nntrain")
        return result.stderr + result.stdout, result.exit_code
    if program == "python":
        done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
        return done.stderr + done.stdout, done.returncode
    assert program in NOT_RUN, f"`{command}`: a document shows a command that this test does not know"
    return None


def on_terminal(arguments: list[str]) -> tuple[str, int]:
    """What a program writes to a terminal, as lines without escape sequences, and its exit code."""
    pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(WIDTH)}
    process = subprocess.Popen(arguments, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    parts = []
    try:
        while part := os.read(ours, 1 << 16):
            parts.append(part)
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    text = b"".join(parts).decode().replace("\r", "\n")
    return ESCAPES.sub("", text), process.wait()


def check_commands(block: Block, place: str) -> None:
    """Run a console block and compare what it prints."""
    expected = next((int(word.removeprefix("exit=")) for word in block.words if word.startswith("exit=")), 0)
    for command in commands(block):
        outcome = run(command.text, terminal="terminal" in block.words)
        if outcome is None:
            continue
        output, code = outcome
        assert code == expected, f"{place}: `{command.text}` ended with exit code {code}:\n{output}"
        missing = missing_line(command.shown, output)
        assert missing is None, f"{place}: `{command.text}` does not print\n{missing}\nbut\n{output}"


def check_python(block: Block, place: str, names: dict[str, object]) -> None:
    """Run a block of an interactive session."""
    report: list[str] = []
    test = doctest.DocTestParser().get_doctest(block.text, names, place, place, block.line)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    assert not report, "".join(report)


def write_own_table() -> None:
    """A table as README.md's reader may have one: numbers, a text column, a price."""
    rows = ["area,rooms,town,price"]
    for place in range(90):
        area, rooms, town = 40 + 7 * place % 113, 1 + place % 5, ("Linz", "Graz", "Wels")[place % 3]
        rows.append(f"{area},{rooms},{town},{3 * area + 20 * rooms + len(town)}")
    Path(OWN_TABLE).write_text("\n".join(rows) + "\n")
    Path(f"new-{OWN_TABLE}").write_text("area,rooms,town\n75,3,Graz\n120,5,Linz\n")


@pytest.fixture
def workplace(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the configs and the data sets of the checkout, without what users put there."""
    shutil.copytree(ROOT / "configs", workdir / "configs")
    shutil.copytree(ROOT / "datasets", workdir / "datasets", ignore=shutil.ignore_patterns("*mnist*"))
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    write_own_table()
    return workdir


@pytest.mark.usefixtures("workplace")
@pytest.mark.parametrize("name", ["README.md", "docs/guide.md"])
def test_what_a_document_shows_is_what_happens(name: str) -> None:
    names: dict[str, object] = {}
    for block in blocks(ROOT / name):
        place = f"{name}:{block.line}"
        if block.language == "console":
            check_commands(block, place)
        elif block.language == "pycon":
            check_python(block, place, names)
        elif block.words:
            Path(block.words[0]).write_text(block.text, encoding="utf-8")


def documents() -> list[Path]:
    """Every Markdown file of the project."""
    folders = ("docs", "datasets", "configs", "runs", "benchmarks", "tests")
    return [*ROOT.glob("*.md"), *(path for folder in folders for path in (ROOT / folder).glob("*.md"))]


def anchors(document: Path) -> set[str]:
    """The names by which GitHub lets links lead to the headings of a document."""
    prose = FENCE.sub("", document.read_text(encoding="utf-8"))
    headings = [LINK.sub("", match["text"]).lower() for match in HEADING.finditer(prose)]
    return {re.sub(r"[^\w\- ]", "", heading).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document: Path) -> None:
    prose = FENCE.sub("", document.read_text(encoding="utf-8"))
    for match in LINK.finditer(prose):
        path, _, anchor = match["target"].partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = document if not path else document.parent / path
        assert target.exists(), f"[…]({match['target']}) leads nowhere"
        if anchor:
            assert anchor in anchors(target), f"[…]({match['target']}): {target.name} has no such heading"

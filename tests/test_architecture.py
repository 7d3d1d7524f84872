"""The house keeps its shape: imports go downward, mathematics is free of frameworks, and no file grows too long."""

import ast
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent

# What a part of nntrain may import of the others, besides itself and `nntrain` (the version).
GROUND = {"arrays", "memory", "errors", "streams", "parallel", "machine", "visible"}
NN = GROUND | {"nn"}
TRAIN = NN | {"tasks", "optim", "data", "train"}
ASSEMBLY = TRAIN | {"language", "config", "assembly"}
DIAGNOSIS = ASSEMBLY | {"diagnosis"}
WORKFLOWS = DIAGNOSIS | {"search", "runs", "workflows"}
ALLOWED = {
    "visible": set(),
    "errors": {"visible"},
    "arrays": set(),
    "streams": {"arrays", "errors"},
    "memory": {"arrays"},
    "parallel": set(),
    "machine": set(),
    "tasks": set(),
    "nn": GROUND,
    "optim": NN,
    "data": GROUND | {"tasks"},
    "train": NN | {"tasks", "optim", "data"},
    "language": {"errors", "visible"},
    "config": {"errors", "visible", "tasks", "language"},
    "assembly": TRAIN | {"language", "config"},
    "diagnosis": ASSEMBLY,
    "runs": ASSEMBLY,
    "search": ASSEMBLY,
    "examples": {"errors"},
    "workflows": DIAGNOSIS | {"search", "runs"},
    "cli": WORKFLOWS | {"examples"},
    "__main__": {"cli"},
}
FREE_OF_FRAMEWORKS = {"visible", "arrays", "memory", "errors", "streams", "parallel", "machine", "tasks"}
FREE_OF_FRAMEWORKS |= {"nn", "optim", "data", "train", "runs"}
FRAMEWORKS = {"pydantic", "rich", "typer", "yaml"}
IN_LANGUAGE = {"pydantic", "pydantic_core", "annotated_types", "yaml", "typing_extensions"}

MODULES = sorted((ROOT / "nntrain").rglob("*.py"))
PYTHON_FILES = sorted(path for folder in ("nntrain", "tests", "benchmarks") for path in (ROOT / folder).rglob("*.py"))


def _part(path: Path) -> str:
    """The part of the house that a module belongs to: `nn` for nntrain/nn/dense.py, `errors` for nntrain/errors.py."""
    first = path.relative_to(ROOT / "nntrain").parts[0]
    return first.removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every imported module with its line, those inside functions and for type checkers included."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            if base == "nntrain":  # `from nntrain import workflows` imports a part
                for alias in node.names:
                    yield node.lineno, f"nntrain.{alias.name}"
            else:
                yield node.lineno, base


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).parts[: -node.level]
    return ".".join([*package, *([node.module] if node.module else [])])


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _places(found: list[tuple[Path, int, str]]) -> str:
    return "\n".join(f"{path.relative_to(ROOT)}:{line}: {what}" for path, line, what in found)


def test_imports_go_downward() -> None:
    found = []
    for path in MODULES:
        part = _part(path)
        if part == "__init__":
            continue  # the public API, which loads its names when they are used
        for line, module in _imports(path):
            top, _, rest = module.partition(".")
            other = rest.partition(".")[0]
            if top != "nntrain" or other in ("", "__version__", part):
                continue
            if other not in ALLOWED.get(part, set()):
                found.append((path, line, f"{part} must not import nntrain.{other}"))
    assert not found, _places(found)


def test_every_part_has_its_place_in_the_order() -> None:
    assert {_part(path) for path in MODULES} - {"__init__"} <= ALLOWED.keys()


def test_mathematics_and_data_know_no_framework() -> None:
    found = [
        (path, line, f"{_part(path)} must not import {module}")
        for path in MODULES
        if _part(path) in FREE_OF_FRAMEWORKS
        for line, module in _imports(path)
        if module.partition(".")[0] in FRAMEWORKS
    ]
    assert not found, _places(found)


def test_language_and_config_import_pydantic_and_yaml_only() -> None:
    found = [
        (path, line, f"{_part(path)} must not import {module}")
        for path in MODULES
        if _part(path) in ("language", "config")
        for line, module in _imports(path)
        if (top := module.partition(".")[0]) not in IN_LANGUAGE | {"nntrain"} and top not in sys.stdlib_module_names
    ]
    assert not found, _places(found)


def _executes_data(node: ast.AST) -> str | None:
    """What in this node could run code that comes from a file or a config."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name) and node.func.id in {"eval", "exec", "compile", "__import__"}:
            return f"{node.func.id}()"
        if isinstance(node.func, ast.Attribute) and node.func.attr == "import_module":
            return "import_module()"
        for keyword in node.keywords:
            if keyword.arg == "allow_pickle" and not _is_false(keyword.value):
                return "allow_pickle"
    return None


def _is_false(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def test_nothing_executes_data() -> None:
    forbidden = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve"}
    found = [
        (path, line, module)
        for path in MODULES
        for line, module in _imports(path)
        if module.partition(".")[0] in forbidden
    ]
    found += [
        (path, node.lineno, what)
        for path in MODULES
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.expr) and (what := _executes_data(node))
    ]
    assert not found, _places(found)


MAKING = {f"{kind}{like}" for kind in ("empty", "zeros", "ones", "full") for like in ("", "_like")}
LAYOUT = {"strides", "c_contiguous", "f_contiguous", "ascontiguousarray", "asfortranarray", "_in_memory_order"}
# What copies silently where the layout allows no view: layers use `Memory.reshaped` and `Memory.flat`.
RESHAPING = {"reshape", "ravel", "flatten", "resize"}
# What draws random numbers, or comes by something that does.
DRAWING = {"default_rng", "RandomState", "PCG64", "_generators"}

MEMORY, PRODUCT = ROOT / "nntrain" / "memory.py", ROOT / "nntrain" / "nn" / "product.py"
# nn/ without what is no layer and no loss: products, whose BLAS call the layout decides, the tree and the flat theta
# that parameters are views of, and what is done with parameters before and outside of steps.
NO_LAYERS = {"product.py", "blueprint.py", "network.py", "initializers.py", "gradient_check.py"}
LAYERS = [path for path in MODULES if _part(path) == "nn" and path.name not in NO_LAYERS]
# Streams, and what draws before there is any network: the examples of a data set, its splits, the points of a search.
DRAWING_FILES = [
    ROOT / "nntrain" / name for name in ("streams.py", "data/readers/synthetic.py", "data/split.py", "search/space.py")
]


def _name(node: ast.AST) -> str:
    """What an attribute, an imported or a used name is called."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name) | ast.alias(name=name):
            return name
    return ""


def _makes_array(node: ast.AST) -> bool:
    """Whether NumPy is asked for a new array, by `np.empty` or by a name of its own."""
    match node:
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name):
            return name in MAKING
        case ast.Call(func=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="ndarray")):
            return True
        case ast.ImportFrom(module="numpy", names=names):
            return bool(MAKING & {alias.name for alias in names})
    return False


def _knows_layout(node: ast.AST) -> bool:
    """Whether it is asked how an array lies, or to lay it out otherwise."""
    return _name(node) in LAYOUT or (
        isinstance(node, ast.Attribute) and ast.unparse(node.value) != "sys" and node.attr == "flags"
    )


def _draws(node: ast.AST) -> bool:
    """Whether a random number generator is come by, or the generators of streams are."""
    match node:
        case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"):
            return True
        case ast.Import(names=names):
            return any(alias.name.startswith("numpy.random") for alias in names)
        case ast.ImportFrom(module="numpy", names=names):
            return any(alias.name == "random" for alias in names)
        case ast.ImportFrom(module=str() as module):
            return module.startswith("numpy.random")
    return _name(node) in DRAWING


def _where(paths: list[Path], what: Callable[[ast.AST], bool]) -> str:
    """Where files have such nodes."""
    return _places(
        [
            (path, getattr(node, "lineno", 0), ast.unparse(node))
            for path in paths
            for node in ast.walk(_tree(path))
            if what(node)
        ]
    )


def test_no_array_is_made_but_by_memory() -> None:
    found = _where([path for path in MODULES if path != MEMORY], _makes_array)
    assert not found, found


def test_how_arrays_are_laid_out_is_known_to_memory_alone() -> None:
    """And to the matrix product, which chooses BLAS's call by it."""
    found = _where([path for path in MODULES if path not in (MEMORY, PRODUCT)], _knows_layout)
    assert not found, found


def test_no_layer_and_no_loss_reshapes_but_by_memory() -> None:
    assert len(LAYERS) >= 15
    found = _where(LAYERS, lambda node: _name(node) in RESHAPING)
    assert not found, found


def test_random_numbers_come_from_streams() -> None:
    found = _where([path for path in MODULES if path not in DRAWING_FILES], _draws)
    assert not found, found


LAYER = ROOT / "nntrain" / "cli" / "console.py"  # what all that is printed passes through
NO_COMMAND = ROOT / "nntrain" / "config" / "reference.py"  # writes docs/config.md, from no text of a user's
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
WRITING = {"write", "writelines", "buffer", "detach"}
PRINTING = {"print_exc", "print_exception", "print_last", "print_stack", "print_tb", "pprint", "pp"}
PRINTING |= {"echo", "secho", "progressbar", "confirm", "prompt", "print_help", "print_usage"}


def _prints(node: ast.AST) -> str | None:
    """What in this node could print, or hand a standard stream to something that prints."""
    match node:
        case ast.Call(func=ast.Name(id="print" | "pprint" | "input" as name)):
            return f"{name}()"
        case ast.Call(func=ast.Attribute(attr=name)) if name in PRINTING:
            return f"{name}()"
        case ast.Attribute(value=ast.Attribute(value=ast.Name(id="sys"), attr=stream), attr=name):
            return f"sys.{stream}.{name}" if stream in STREAMS and name in WRITING else None
        case ast.ImportFrom(module="sys", names=names) if STREAMS & {alias.name for alias in names}:
            return "a stream by a name of its own"
        case (
            ast.Assign(value=value)
            | ast.AnnAssign(value=value)
            | ast.NamedExpr(value=value)
            | ast.Return(value=value)
            | ast.Yield(value=value)
            | ast.keyword(value=value)
        ) if isinstance(value, ast.Attribute) and ast.unparse(value) in {f"sys.{name}" for name in STREAMS}:
            return f"{ast.unparse(value)} handed on"
        case ast.Call(func=ast.Attribute(value=ast.Name(id="os"), attr="write"), args=[ast.Constant(value=1 | 2), *_]):
            return "os.write to a standard stream"
        case ast.Call(func=function, args=[ast.Constant(value=str()) | ast.JoinedStr(), *_]):
            return "an exit with a text" if ast.unparse(function) in ("sys.exit", "SystemExit") else None
    return None


def test_all_that_is_printed_passes_through_one_layer() -> None:
    """What else writes to a terminal writes what a file or a command line says, escape sequences included."""
    others = [path for path in MODULES if path not in (LAYER, NO_COMMAND)]
    found = [
        (path, getattr(node, "lineno", 0), what)
        for path in others
        for node in ast.walk(_tree(path))
        if (what := _prints(node))
    ]
    found += [
        (path, line, module)
        for path in others
        for line, module in _imports(path)
        if module.partition(".")[0] in {"rich", "click", "logging", "curses"}
    ]
    assert not found, _places(found)


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in PYTHON_FILES}
    found = [(path, length, "more than 500 lines") for path, length in lengths.items() if length > 500]
    assert not found, _places(found)


def test_the_checks_see_what_they_look_for() -> None:
    """The walk itself, on a piece of code that breaks the rules."""
    code = (
        "import nntrain.cli\nfrom . import x\nf = lambda: eval('1')\nimport numpy as np\nnp.load('a', allow_pickle=1)"
    )
    found = [what for node in ast.walk(ast.parse(code)) if (what := _executes_data(node))]
    assert sorted(found) == ["allow_pickle", "eval()"]
    code += (
        "\nprint(1)\nsys.stdout.write('')\nsys.stderr.buffer.write(b'')\ntyper.echo('')\nfrom sys import stdout\n"
        "out = sys.stdout\nf(file=sys.stderr)\nos.write(2, b'')\nsys.exit(f'{x}')\nraise SystemExit('x')\n"
        "traceback.print_exc()\nsys.stdout.flush()\nsys.exit(2)\nwidth(sys.stderr)\nos.write(descriptor, b'')"
    )
    assert len(list(filter(None, map(_prints, ast.walk(ast.parse(code)))))) == 11
    made = "np.empty(3)\nnumpy.full_like(x, 1)\nf = np.zeros\nfrom numpy import ones\nnp.ndarray(3)\n"
    made += "memory.empty(3)\nnp.array(3)\nisinstance(x, np.ndarray)"
    assert sum(map(_makes_array, ast.walk(ast.parse(made)))) == 5
    laid = "x.strides\nx.flags['C']\nnp.ascontiguousarray(x)\nfrom numpy import asfortranarray\nsys.flags.dev_mode"
    assert sum(map(_knows_layout, ast.walk(ast.parse(laid)))) == 4
    drawn = "np.random.rand()\nimport numpy.random\nfrom numpy import random\nfrom numpy.random import Generator\n"
    drawn += "default_rng(0)\nstreams._generators[0]\nstreams.uniform(out)"
    assert sum(map(_draws, ast.walk(ast.parse(drawn)))) == 6
    node = next(node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom))
    assert _absolute(ROOT / "nntrain" / "nn" / "dense.py", node) == "nntrain.nn"

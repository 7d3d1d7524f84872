"""Which concrete subclasses of a class nntrain defines."""

import importlib
import inspect
import pkgutil

import nntrain


def concrete_subclasses(base: type, package: str) -> set[type]:
    """All classes below `base`, in any module of `package` (such as "nntrain.nn"), that can be instantiated."""
    root = importlib.import_module(package)
    for module in pkgutil.walk_packages(root.__path__, prefix=f"{package}."):
        importlib.import_module(module.name)
    found: set[type] = set()
    waiting = [base]
    while waiting:
        child: type
        for child in waiting.pop().__subclasses__():
            waiting.append(child)
            is_ours = child.__module__.startswith(f"{nntrain.__name__}.")
            if is_ours and not inspect.isabstract(child) and not child.__name__.startswith("_"):
                found.add(child)
    return found

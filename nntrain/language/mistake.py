"""What is wrong with a config, before anybody has looked at where it stands in the file: a `Problem` then."""

from dataclasses import dataclass

from nntrain.language.anatomy import Path


@dataclass(frozen=True)
class Mistake:
    """A mistake at a path of the config.

    Attributes:
        path: keys and positions of the setting to blame; what is not in the file is shown at what is around it.
        message: what is wrong.
        hint: what to do about it.
        at_key: the key is to blame, not the value.
        conflict: the value is fine by itself and contradicts other settings.
        involves: paths of those settings.
        missing: path of the key that is missing.
        part: start and stop of the characters to blame in a key that is a dotted path.
        unquoted: how the hint has a value that YAML took for no text; the file may have it otherwise (012 for 12).
    """

    path: Path
    message: str
    hint: str | None = None
    at_key: bool = False
    conflict: bool = False
    involves: tuple[Path, ...] = ()
    missing: Path | None = None
    part: tuple[int, int] | None = None
    unquoted: str | None = None

"""The language speaks of any root model: here of a menu, of which nntrain knows nothing."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from nntrain.errors import ConfigError
from nntrain.language.diagnostics import Text
from nntrain.language.dump import block, flow, written
from nntrain.language.explain import explain
from nntrain.language.load import parse
from nntrain.language.migrate import migrate
from nntrain.language.paths import PathError, find, parse_path, put
from nntrain.language.plain import text_of
from nntrain.language.reference import Reference
from nntrain.language.schema import json_schema
from nntrain.language.section import Section
from nntrain.language.suggest import near, same
from nntrain.language.unions import BY_SHAPE
from nntrain.language.validate import checked, validate
from nntrain.language.values import Count, Number
from tests.conftest import ROOT
from tests.language import toy
from tests.language.toy import MENU, VOCABULARY, Dish, Given, Hot, Menu, Oven, Pan, load


def errors(text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(text, *overrides)
    return str(caught.value)


def test_a_menu() -> None:
    assert load() == Menu(guests=4, dishes=(Dish(name="soup", heat=Pan()), Dish(name="cake", heat=Oven(degrees=200))))


def test_nothing_of_nntrain_but_errors_is_imported() -> None:
    code = (
        "import importlib, pkgutil, sys, nntrain.language as language\n"
        "sys.modules['nntrain.config'] = None\n"
        "for each in pkgutil.iter_modules(language.__path__, 'nntrain.language.'): importlib.import_module(each.name)\n"
        "from tests.language.toy import load\n"
        "load()\n"
        "try: load('guests: [1]\\ndishs: []\\n')\n"
        "except Exception as error: print(type(error).__name__)\n"
        "print(*sorted({name.split('.')[1] for name in sys.modules if name.startswith('nntrain.')}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "ConfigError\nconfig errors language visible\n"  # config is what was put there, to be missed


def test_every_mistake_has_its_place() -> None:
    text = """\
guest: 4
dishes:
  - {name: soup, heat: {type: pan, oil: 2}}
  - {heat: {type: ofen}, minutes: soon}
  - {heat: {type: oven, oil: 0.5}, nane: tart}
"""
    assert errors(text) == (
        "menu.yaml: missing section 'guests'\n"
        "      | for example guests: 4\n"
        "menu.yaml:1:1: unknown key 'guest' at the top level\n"
        "    1 | guest: 4\n"
        "      | ^^^^^ did you mean 'guests'?\n"
        "menu.yaml:3:41: dishes.0.heat.oil must be at least 0 and below 1, got 2\n"
        "    3 |   - {name: soup, heat: {type: pan, oil: 2}}\n"
        "      |                                         ^\n"
        "menu.yaml:4:19: unknown type 'ofen' in dishes.1.heat\n"
        "    4 |   - {heat: {type: ofen}, minutes: soon}\n"
        "      |                   ^^^^ did you mean 'oven'?\n"
        "      | types: oven, pan, value\n"
        "menu.yaml:4:35: dishes.1.minutes must be an integer or auto, got 'soon'\n"
        "    4 |   - {heat: {type: ofen}, minutes: soon}\n"
        "      |                                   ^^^^\n"
        "menu.yaml:5:25: unknown key 'oil' in dishes.2.heat (oven)\n"
        "    5 |   - {heat: {type: oven, oil: 0.5}, nane: tart}\n"
        "      |                         ^^^ 'oil' is a setting of pan\n"
        "menu.yaml:5:36: unknown key 'nane' in dishes.2\n"
        "    5 |   - {heat: {type: oven, oil: 0.5}, nane: tart}\n"
        "      |                                    ^^^^ did you mean 'name'?\n"
        "7 errors in menu.yaml"
    )


@pytest.mark.parametrize(
    ("text", "first", "hint"),
    [
        ("", "menu.yaml: the file is empty", "it needs at least guests and dishes"),
        ("[]", "menu.yaml: a config is a mapping of sections, got an empty list", "sections guests and dishes"),
        ("dishes: [{}]\n", "menu.yaml: missing section 'guests'", "for example guests: 4"),
        (MENU + "people: 3\n", "menu.yaml:6:1: unknown key 'people' at the top level", "did you mean 'guests'?"),
        (MENU + "degrees: 3\n", "menu.yaml:6:1: unknown key 'degrees' at the top level", "'dishes.0.heat.degrees'?"),
        (MENU + "plates: [1, 2]\n", "plates must be an integer or null, got a list", "cook several dishes"),
        (MENU + "drinks: wine\n", "menu.yaml:6:9: drinks must be a list or water, got 'wine'", "write a list: [wine]"),
        (MENU + "plates: 3\n", "menu.yaml:6:9: plates is 3, too few", "cook less"),
        ("guests: 1\ndishes: [{heat: {}}]\n", "missing type in dishes.0.heat", "types: oven, pan, value"),
        ("guests: 1\ndishes: [{heat: {value: x}}]\n", "dishes.0.heat.value must be a number, got 'x'", ""),
        ("guests: 1\ndishes: [{heat: {type: pan, span: [1]}}]\n", "span must have two numbers, got 1", "write [0, 1]"),
    ],
)
def test_what_is_wrong_and_what_helps(text: str, first: str, hint: str) -> None:
    said = errors(text)
    assert first in said.splitlines()[0]
    assert hint in said
    assert said.endswith("\n1 error in menu.yaml")


def test_a_key_that_is_there_twice() -> None:
    assert errors(MENU + "guests: 5\n") == (
        "menu.yaml:6:1: duplicated key 'guests' at the top level\n"
        "    1 | guests: 4\n"
        "      | ^^^^^^ first here\n"
        "    6 | guests: 5\n"
        "      | ^^^^^^ again here\n"
        "1 error in menu.yaml"
    )


def test_checks_between_sections_are_made_with_what_is_right() -> None:
    wrong = {"guests": 4, "dishes": [{"minutes": "x"}], "plates": 1}
    _, mistakes = validate(wrong, VOCABULARY, toy.check)
    assert [mistake.path for mistake in mistakes] == [("dishes", 0, "minutes")]  # the plates hang on the dishes
    _, mistakes = validate({"guests": 4, "plates": 1, "dishes": [{}], "drinks": 1}, VOCABULARY, toy.check)
    assert [mistake.path for mistake in mistakes] == [("drinks",), ("plates",)]


def test_overrides() -> None:
    menu = load(MENU, "dishes.cake.heat.degrees=220", "dishes.0.heat=oven", "plates=9", "notes.a.b=1")
    assert menu.dishes == (Dish(name="soup", heat=Oven()), Dish(name="cake", heat=Oven(degrees=220)))
    assert (menu.plates, menu.notes) == (9, {"a.b": 1.0})
    assert load(MENU, "dishes.0.name=stew", "dishes.stew.minutes=5").dishes[0] == Dish(
        name="stew", heat=Pan(), minutes=5
    )


@pytest.mark.parametrize(
    ("override", "message"),
    [
        (
            "dishes.cake.heat.degree=1",
            "--set dishes.cake.heat.degree=1: unknown key 'degree' in dishes.1.heat (oven)\n"
            "      | --set dishes.cake.heat.degree=1\n"
            "      |                        ^^^^^^ did you mean 'degrees'?\n",
        ),
        (
            "dishes.cakes.minutes=1",
            "--set dishes.cakes.minutes=1: dishes has no item 'cakes'\n"
            "      | --set dishes.cakes.minutes=1\n"
            "      |              ^^^^^ did you mean 'cake'?\n",
        ),
        (
            "guests",
            "--set guests: an override is path=value\n"
            "      | --set guests\n"
            "      |       ^^^^^^ for example --set guests=4\n",
        ),
        (
            "guests=0",
            "--set guests=0: guests must be at least 1, got 0\n      | --set guests=0\n      |              ^\n",
        ),
    ],
)
def test_a_wrong_override_has_its_place(override: str, message: str) -> None:
    assert errors(MENU, override).startswith(message)


@pytest.mark.parametrize(
    ("value", "message", "hint"),
    [
        ("pen", "unknown type 'pen' in dishes.0.heat", "did you mean 'pan'?\ntypes: oven, pan, value"),
        (3, "dishes.0.heat must be a mapping with a type, got 3", "types: oven, pan, value"),
        ({"type": 3}, "dishes.0.heat.type must be a word, got 3", "types: oven, pan, value"),
        ({"pan": 1}, "missing type in dishes.0.heat", "write type: pan"),
        ({"type": "oven", "degrees": "hot"}, "dishes.0.heat.degrees must be an integer, got 'hot'", None),
    ],
)
def test_unions_are_explained(value: Any, message: str, hint: str | None) -> None:
    with pytest.raises(ValidationError) as caught:
        Menu.model_validate({"guests": 1, "dishes": [{"heat": value}]})
    [mistake] = explain(caught.value, Menu, VOCABULARY)
    assert (mistake.message, mistake.hint) == (message, hint)


def test_what_is_written_is_read_again() -> None:
    menu = load(MENU, "dishes.0.heat={value: 1e-7}", "notes={a: 1}")
    assert written(menu) == (
        "version: 2\n"
        "guests: 4\n"
        "dishes:\n"
        "- name: soup\n"
        "  heat:\n"
        "    type: value\n"
        "    value: 1.0e-07\n"
        "  minutes: auto\n"
        "- name: cake\n"
        "  heat:\n"
        "    type: oven\n"
        "    degrees: 200\n"
        "    fan: false\n"
        "  minutes: auto\n"
        "drinks: water\n"
        "plates: null\n"
        "notes:\n"
        "  a: 1.0\n"
    )
    assert load(written(menu)) == menu
    assert written(menu, only="guests") == "guests: 4\n"
    data = {"a": ["1e-4", "null", None, 1e-4, True], "b": {"c": "x: y"}}
    assert parse(Text("", block(data))).data == parse(Text("", flow(data))).data == data


def test_a_dict_is_read_like_a_file() -> None:
    document = parse(text_of({"guests": 2, "dishes": ({"heat": "pan"},)}))
    assert checked(document, VOCABULARY, toy.check) == Menu(guests=2, dishes=(Dish(heat=Pan()),))
    with pytest.raises(ConfigError) as caught:
        checked(parse(text_of({"guests": 0, "dishes": [{}]})), VOCABULARY, toy.check)
    assert str(caught.value).startswith("config.guests: guests must be at least 1, got 0\n")


def test_paths() -> None:
    menu = load()
    assert parse_path("dishes.cake.heat.fan", menu, VOCABULARY) == ("dishes", 1, "heat", "fan")
    assert find("dishes.cake.heat.fan", menu, VOCABULARY).owner is Oven
    with pytest.raises(PathError, match=r"unknown key 'fan' in dishes\.0\.heat \(pan\)") as caught:
        find("dishes.soup.heat.fan", menu, VOCABULARY)
    assert (caught.value.hint, caught.value.start, caught.value.stop) == ("'fan' is a setting of oven", 17, 20)
    data = {"guests": 1, "dishes": [{"heat": "pan"}, {}]}
    changed = put(data, ("dishes", 0, "heat", "oil"), 0.5, Menu)
    assert changed == {"guests": 1, "dishes": [{"heat": {"type": "pan", "oil": 0.5}}, {}]}
    assert data == {"guests": 1, "dishes": [{"heat": "pan"}, {}]}
    assert put(data, ("dishes", 1, "heat", "fan"), True, Menu)["dishes"][1] == {"heat": {"type": "oven", "fan": True}}


def test_what_was_meant() -> None:
    assert near("GUEST", ["guests", "dishes"]) == "guests"
    assert near("people", ["guests", "dishes"]) is None
    assert near("peo-ple", ["guests", "dishes"], VOCABULARY.aliases) == "guests"
    assert same("guest", ["guests"]) is None
    assert same("Guests", ["guests"]) == "guests"


def test_the_schema() -> None:
    schema = json_schema(Menu, "menu")
    assert schema["title"] == "menu"
    assert schema["required"] == ["guests", "dishes"]
    heat = schema["$defs"]["Dish"]["properties"]["heat"]["anyOf"]
    assert heat[0] == {"enum": ["oven", "pan", "value"]}
    assert schema["$defs"]["Oven"]["required"] == ["type"]
    assert schema["$defs"]["Given"]["required"] == ["value"]  # its key gives its type away
    number, word = schema["$defs"]["Dish"]["properties"]["minutes"]["oneOf"]
    assert number == {"type": "integer", "minimum": 1}
    assert (word["type"], word["const"]) == ("string", "auto")  # older versions of pydantic say `enum` as well
    assert "$short" not in str(schema)


def test_the_reference() -> None:
    text = "\n\n".join(Reference(Menu, Hot, {}).blocks())
    assert "| `drinks` | a list or `water` | `water` | What is poured. |" in text
    assert "| `guests` | an integer (at least 1) | required | How many come. |" in text
    assert "### `dishes.heat`\n\n| type | meaning |\n|---|---|\n| `oven` | Heat from all sides. |" in text
    assert "| `degrees` \\* | `oven` | an integer (at least 1) | `180` | How hot it is. |" in text


def test_one_step_of_a_migration(tmp_path: Path) -> None:
    steps = [toy.people_to_guests]
    old = "# mine\nversion: 1   # the first\npeople : 4   # people\ndishes: [{name: people}]\n"
    migration = migrate(toy.write(tmp_path, old), VOCABULARY, steps)
    new = "# mine\nversion: 2   # the first\nguests : 4   # people\ndishes: [{name: people}]\n"
    assert migration.text == new
    assert (migration.before, migration.version) == (1, 2)
    assert migration.changes == ("renamed people to guests", "changed to `version: 2`")
    assert load(migration.text).guests == 4
    again = migrate(toy.write(tmp_path, new), VOCABULARY, steps)
    assert (again.text, again.before, again.changes) == (new, 2, ())
    without = migrate(toy.write(tmp_path, "people: 4\ndishes: [{}]\n"), VOCABULARY, steps)
    assert without.text == "version: 2\nguests: 4\ndishes: [{}]\n"
    assert without.changes == ("renamed people to guests", "added `version: 2`")


@pytest.mark.parametrize(
    ("old", "message"),
    [
        ("version: 3\n", "version 3 is that of a newer nntrain"),
        ("version: 0\n", "version must be a number from 1 to 2, got 0"),
        ("people: 1\nguests: 1\n", "cannot be rewritten without changing more than its version"),
        ("", "a config is a mapping of sections"),
    ],
)
def test_what_cannot_be_migrated(tmp_path: Path, old: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        migrate(toy.write(tmp_path, old), VOCABULARY, [toy.people_to_guests])
    assert message in str(caught.value)


def test_members_of_a_union_must_look_different() -> None:
    class Alike(Section):
        either: Annotated[Number | Count, BY_SHAPE]

    with pytest.raises(TypeError, match="look alike"):
        Alike.model_validate({"either": 1})


def test_a_value_told_apart_by_its_look() -> None:
    assert load(MENU, "dishes.0.minutes=5").dishes[0].minutes == 5
    assert load(MENU, "drinks=[tea, milk]").drinks == ("tea", "milk")
    assert load(MENU, "drinks=[]").drinks == ()
    assert load(MENU, "dishes.0.heat={value: 3}").dishes[0].heat == Given(value=3.0)

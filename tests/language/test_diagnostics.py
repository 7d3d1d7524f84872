"""How mistakes are shown."""

from nntrain.language.diagnostics import Place, Problem, Text, config_error, one_of, show


def render(line: str, column: int, width: int, hint: str | None = None) -> list[str]:
    return Problem("bad", Place(Text("a.yaml", line), 1, column, width), hint).render().splitlines()


def test_the_caret_is_under_what_is_wrong() -> None:
    assert render("seed: -1", 7, 2, "no") == ["a.yaml:1:7: bad", "    1 | seed: -1", "      |       ^^ no"]


def test_wide_and_combining_characters_keep_the_caret_in_place() -> None:
    assert render("名前: x", 5, 1)[1:] == ["    1 | 名前: x", "      |       ^"]
    assert render("e\u0301: x", 5, 1)[1:] == ["    1 | e\u0301: x", "      |    ^"]


def test_a_tab_is_shown_as_one_space() -> None:
    assert render("a:\tx", 4, 1)[1:] == ["    1 | a: x", "      |    ^"]


def test_what_moves_the_cursor_is_not_printed() -> None:
    assert render("a: \x1b[2J\u202ex", 4, 1)[1] == "    1 | a: ·[2J·x"


def test_a_long_line_is_shown_around_the_caret() -> None:
    shown = render("x" * 300 + "HERE" + "y" * 300, 301, 4)
    assert shown[1] == "    1 | …" + "x" * 50 + "HERE" + "y" * 56 + "…"
    assert shown[2] == "      | " + " " * 51 + "^^^^"


def test_a_long_value_is_cut() -> None:
    shown = render("a: " + "z" * 500, 4, 500)
    assert shown[1] == "    1 | a: " + "z" * 110 + "…"
    assert shown[2] == "      |    " + "^" * 110


def test_an_empty_value_at_the_end_of_a_line() -> None:
    assert render("a:", 3, 0)[1:] == ["    1 | a:", "      |   ^"]


def test_problems_are_sorted_by_line_and_told_once() -> None:
    text = Text("a.yaml", "a\nb\nc\n")
    first, second = Problem("one", Place(text, 1, 1)), Problem("two", Place(text, 3, 1))
    override = Text("--set x=1", "--set x=1", option="--set")
    error = config_error([Problem("three", Place(override, 1, 7)), second, first, second])
    assert str(error) == (
        "a.yaml:1:1: one\n    1 | a\n      | ^\n"
        "a.yaml:3:1: two\n    3 | c\n      | ^\n"
        "--set x=1: three\n      | --set x=1\n      |       ^\n"
        "3 errors in a.yaml and --set"
    )


def test_very_many_problems_are_counted_but_not_all_shown() -> None:
    text = Text("a.yaml", "a")
    lines = str(config_error([Problem(f"bad {n}", text) for n in range(60)])).splitlines()
    assert lines[49:] == ["a.yaml: bad 49", "… and 10 more", "60 errors in a.yaml"]


def test_values_are_shown_as_yaml_has_them() -> None:
    shown = [show(value) for value in (None, True, 0.1, "x", [1], [], {"a": 1}, {})]
    assert shown == ["nothing", "true", "0.1", "'x'", "a list", "an empty list", "a mapping", "an empty mapping"]
    assert show("x" * 100) == repr("x" * 37 + "…")


def test_lists_of_words() -> None:
    assert [one_of(words) for words in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a or b", "a, b or c"]

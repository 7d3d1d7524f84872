"""Cells that may have been meant for numbers: one message that names the column, the cells and each remedy."""

from pathlib import Path

import pytest

from nntrain.data.dataset import Column, Kind
from nntrain.data.readers import read
from nntrain.data.readers.cells import Reading
from nntrain.data.readers.rules import TableRules
from nntrain.errors import DataError
from tests.data.test_table_errors import error

pytestmark = pytest.mark.usefixtures("workdir")


IF_NAMES = "if its values are names, set data.columns: {x: categorical}"
OTHERWISE = "otherwise correct the cells, or leave the column out with data.columns: {x: excluded}"
TARGET = "if its values are names, set data.task: classification; otherwise correct the cells, or remove the rows"


def table(*cells: str, target: bool = False) -> str:
    """A table with the column x, or with the target y, of these cells."""
    rows = [f'"{cell}",{k % 2}\n' if not target else f'{k},"{cell}"\n' for k, cell in enumerate(cells)]
    return "x,y\n" + "".join(rows)


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["1.5", "2.5", "n/a", "4.5", "5.5", "6.5", "n/a", "8.5", "9.5", "10.5"],
            "t.csv:4: column 'x' holds the text 'n/a', 'n/a' on line 8, but its other 8 cells are numbers; if it "
            "stands "
            f"for a missing value, set data.missing_values: {{add: [n/a]}}; {IF_NAMES}; {OTHERWISE}",
        ),
        (
            [*map(str, range(149)), "abc"],
            "t.csv:151: column 'x' holds the text 'abc', but its other 149 cells are numbers; "
            f"{IF_NAMES}; if it stands for a missing value, set data.missing_values: {{add: [abc]}}; {OTHERWISE}",
        ),
        (
            ["n.a.", *map(str, range(200)), "-", "'3", "4 cm", "5 cm"],
            "t.csv:2: column 'x' holds the text 'n.a.', '-' on line 203, \"'3\" on line 204 and 2 more, but its other "
            "200 cells are numbers; if they stand for a missing value, set data.missing_values: {add: [n.a., '-']}; "
            f"{IF_NAMES}; {OTHERWISE}",
        ),
        (
            ["-", "-", "-", "-", "1.5", "2.5", "3"],
            "t.csv:2: column 'x' holds the text '-', '-' on line 3, '-' on line 4 and 1 more, but its other 3 cells "
            "are "
            f"numbers; if it stands for a missing value, set data.missing_values: {{add: ['-']}}; {IF_NAMES}; "
            f"{OTHERWISE}",
        ),
        (
            ["single"] * 9 + ["2", "3", "4"],
            "t.csv:2: column 'x' holds the text 'single', 'single' on line 3, 'single' on line 4 and 6 more, but its "
            f"other 3 cells are numbers; {IF_NAMES}; if it stands for a missing value, set data.missing_values: "
            f"{{add: [single]}}; {OTHERWISE}",
        ),
        (
            ["1,5", "2,25", "3"],
            "t.csv:2: column 'x' holds the text '1,5', '2,25' on line 3, which may be numbers with a decimal comma; "
            "set "
            f"data.decimal: ','; {IF_NAMES}; {OTHERWISE}",
        ),
        (
            ["1,250", "980", "2,400"],
            "t.csv:2: column 'x' holds the text '1,250', '2,400' on line 4, which may be numbers with a decimal comma "
            "or "
            "with commas between thousands; set data.decimal: ',' if they are with a decimal comma; set "
            "data.thousands: "
            f"',' if they are with commas between thousands; {IF_NAMES}; {OTHERWISE}",
        ),
        (
            ["1.250,50", "2.500,75"],
            "t.csv:2: column 'x' holds the text '1.250,50', '2.500,75' on line 3, which may be numbers with a decimal "
            f"comma and with points between thousands; set data.decimal: ',' and data.thousands: '.'; {IF_NAMES}; "
            f"{OTHERWISE}",
        ),
        (
            ["45%", "30 %", "7%"],
            "t.csv:2: column 'x' holds the text '45%', '30 %' on line 3, '7%' on line 4, which may be numbers with the "
            f"unit '%'; set data.columns: {{x: {{type: numeric, unit: '%'}}}}; {IF_NAMES}; {OTHERWISE}",
        ),
        (
            ["$9", "-$1,200.50", "$30"],
            "t.csv:2: column 'x' holds the text '$9', '-$1,200.50' on line 3, '$30' on line 4, which may be numbers "
            "with "
            "commas between thousands and with the unit '$'; set data.columns: {x: {type: numeric, thousands: ',', "
            "unit: "
            f"'$'}}}}; {IF_NAMES}; {OTHERWISE}",
        ),
        (
            ["1,5", "2.5", "(3)", "−4", "\N{ARABIC-INDIC DIGIT FIVE}"],
            "t.csv:2: column 'x' holds the text '1,5', '(3)' on line 4, '−4' on line 5 and 1 more, which may be "
            "numbers "
            f"in several ways of writing; write all in one way; {IF_NAMES}; {OTHERWISE}",
        ),
        (
            ["2024-05-01", "1.6.2024", "5 May 2024", "May 7, 2024"],
            "t.csv:2: column 'x' holds the text '2024-05-01', '1.6.2024' on line 3, '5 May 2024' on line 4 and 1 more, "
            f"which are dates or times; {IF_NAMES}; write it as numbers (a year, a month, days since the first); "
            f"{OTHERWISE}",
        ),
        (
            ["True", "true", "1", "Yes"],
            "t.csv:2: column 'x' holds the text 'True', 'true' on line 3, '1' on line 4 and 1 more, which write yes or "
            "no "
            f"in several ways; {IF_NAMES}; write each in one way; {OTHERWISE}",
        ),
    ],
)
def test_a_column_that_may_have_been_meant_for_numbers(cells: list[str], message: str) -> None:
    assert str(error(table(*cells))) == message


@pytest.mark.parametrize(
    "cells",
    [
        ["A1", "B2", "C3"],
        ["1st", "2nd", "3rd", "1st", "1st", "1st", "1st"],
        ["5A", "7B", "9C"],
        ["Room 1", "Room 2", "Room 3"],
        ["10-20", "20-30", "30-40"],
        ["yes", "no", "no"],
        ["True", "False"],
        ["10th", "11th", "Bachelors", "9th", "Masters", "Doctorate", "Some-college"],
        ["a", "b", "1", "2"],
        ["n/a", "unknown", "x"],
        ["192.168.0.1", "10.0.0.1"],
        ["S", "M", "L", "38"],
        ["12 Main Street", "7 High Street"],
        ["Maria 25", "Novel 100", "Junior 20"],
        ["1.2.10", "2.0.11", "4.5.6"],
        ["2018-19", "2019-20", "2020-21"],
        ["f", "n"],
        ["f", "n", "y"],
        ["5A", "5B", "6A", "6B", "7A", "7B"],
        ["0-17", "18-25", "26-35", "55+"],
        ["<=50K", ">50K"],
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
        ["PC 17599", "A/5 21171", "STON 2"],
        ["<1", "1-3", "4-6", ">=7"],
    ],
)
def test_what_is_plainly_names(cells: list[str]) -> None:
    Path("t.csv").write_text(table(*cells))
    assert read("t.csv", target="y").kinds["x"] == "categorical"


@pytest.mark.parametrize(
    "form",
    [
        "€{}.5M", "({})", "- {}", "${}/hr", "~{}%", "{},-", "5.{}±0.2", "1{}[3]", "{}00Nm@ 2000rpm", "{}. Mai 2024",
        "2020-W{}", "{} days 02:03:04", "5'{}\"", "{}.5×10³", "{}.5D+03", "{}.5e−3", "{}_000", "0x{}F", "{},00,000",
        "2020-May-{}", "{}h 50m", "14h1{}", "20240{}01T1230", "{} pm", "=\"{}\"",
    ],
)  # fmt: skip
def test_numbers_with_something_around_them_are_no_names(form: str) -> None:
    cells = [form.format(k) for k in range(1, 10)]
    Path("t.csv").write_text(
        "x,y\n" + "".join('"' + c.replace('"', '""') + f'",{k % 2}\n' for k, c in enumerate(cells))
    )
    with pytest.raises(DataError, match=r"^t\.csv:2: column 'x' holds the text '.*which (may be numbers|are dates)"):
        read("t.csv", target="y")


@pytest.mark.parametrize(
    ("cells", "setting"),
    [
        (["INR 500", "INR 1,500.50", "INR 20"], "data.columns: {x: {type: numeric, thousands: ',', unit: INR}}"),
        (["PLN 5,50", "PLN 7,25", "PLN 1,5"], "data.columns: {x: {type: numeric, decimal: ',', unit: PLN}}"),
        (["50 m2", "60 m2", "7.5 m2"], "data.columns: {x: {type: numeric, unit: m2}}"),
        (["4.1/5", "3.9/5", "2/5"], "data.columns: {x: {type: numeric, unit: /5}}".replace("/5}", "'/5'}")),
    ],
)
def test_a_unit_is_named_where_all_numbers_have_it(cells: list[str], setting: str) -> None:
    assert f"; set {setting}; " in str(error(table(*cells)))


@pytest.mark.parametrize("cells", [["4.4k", "900", "3k", "2k"], ["45%", "0.4", "30%"]])
def test_a_unit_is_not_advised_where_others_lack_it(cells: list[str]) -> None:
    """45 % beside 0.4: read with the unit they would be of different scales."""
    message = str(error(table(*cells)))
    assert "as others are not; write all in one way; " in message
    assert "unit:" not in message


def test_a_remedy_keeps_what_is_declared() -> None:
    declared: dict[str, tuple[Kind, Reading]] = {"x": ("numeric", Reading(unit="%"))}
    message = str(error(table("1,5%", "2,5%"), rules=TableRules(declared=declared)))
    assert "set data.columns: {x: {type: numeric, decimal: ',', unit: '%'}}" in message
    own: dict[str, tuple[Kind, Reading]] = {"x": ("numeric", Reading(frozenset({"", "n/a"})))}
    message = str(error(table("1", "-", "2"), rules=TableRules(declared=own)))
    assert "set data.columns: {x: {type: numeric, missing_values: ['-', n/a]}}" in message
    message = str(error(table("1", "2", "x%"), features=["x"]))
    assert message.endswith("or leave the column out of data.features")


def test_numbers_that_stand_for_missing_values() -> None:
    """However the file is parsed, and however they are written."""
    rules = TableRules(reading=Reading(frozenset({"", "-999", "n/a"})))
    for cells in (["1", "-999", "2"], ["1", " -999 ", "2"], ["1", "-999.0", "2", "n/a"], ["1", "-9.99e2", "2"]):
        Path("t.csv").write_text("x,y\n" + "".join(f"{cell},{k % 2}\n" for k, cell in enumerate(cells)))
        data = read("t.csv", target="y", rules=rules)
        assert isinstance(data.inputs, tuple)
        assert data.inputs[0].missing.tolist() == [cell not in ("1", "2") for cell in cells]


@pytest.mark.parametrize(
    "cells",
    [
        [f"{k}{unit}" for k in range(101, 131) for unit in "KM"],
        [f"{k}.{k}{side}" for k in range(10, 25) for side in "WN"],
        [f"₹1,0{k},{k}00" for k in range(1, 9)],
        [f"Rs. 1,00,{k}" for k in range(100, 130)],
        [f"{sign}{k}.5" for k in range(20) for sign in "<>"],
        ["yes", "no", "1", "0", "maybe"],
    ],
)
@pytest.mark.parametrize("target", [False, True])
def test_what_is_no_code(cells: list[str], target: bool) -> None:
    Path("t.csv").write_text(table(*cells, target=target))
    with pytest.raises(DataError, match=r"which (may be numbers|write yes or no)"):
        read("t.csv", target="y")


@pytest.mark.parametrize(
    "cells", [["1A", "2A", "3A", "1B", "2B"], ["10A", "11A", "12A", "10B"], ["<18", "18-30", ">30"]]
)
def test_what_is_a_code(cells: list[str]) -> None:
    Path("t.csv").write_text(table(*cells))
    assert read("t.csv", target="y").kinds["x"] == "categorical"


def test_numbers_that_stand_for_missing_values_among_names() -> None:
    rules = TableRules(reading=Reading(frozenset({"", "-999"})))
    for target in (False, True):
        Path("t.csv").write_text(table("a", "-999.0", "b", "-999", target=target))
        data = read("t.csv", target="y", rules=TableRules(reading=rules.reading, drop=True))
        column = data.target_columns[0] if target else data.inputs[0]
        assert isinstance(column, Column)
        assert set(column.values.tolist()) == ({"a", "b"} if target else {"a", "b", ""})


@pytest.mark.parametrize("target", [False, True])
def test_points_that_may_be_between_thousands(target: bool) -> None:
    def remarks(*cells: str) -> tuple[str, ...]:
        Path("t.csv").write_text(table(*cells, target=target))
        return read("t.csv", target="y").remarks

    name, column = ("y", "'y'") if target else ("x", "x")
    assert remarks("900", "1.250", "2.375", "850", "12.400") == (
        f"t.csv: column '{name}' has numbers without a point and others with one before three digits "
        "('1.250', '2.375', '12.400'), which are read as decimal fractions; if the points are between thousands, set "
        f"data.columns: {{{column}: {{type: numeric, thousands: '.', decimal: ','}}}}",
    )
    assert remarks("1.250", "2.375", "3.000") == ()
    assert remarks("1", "1.25", "2.500") == ()
    assert remarks("1", "0.250", "0.500") == ()


def test_every_column_is_named_at_once() -> None:
    rows = "".join(f"{k}%,n/a,2024-01-{k + 1:02},{k % 2}\n{k}%,{k},2024-02-{k + 1:02},{k % 2}\n" for k in range(20))
    lines = str(error("share,count,day,y\n" + rows)).splitlines()
    assert [line.partition(" holds")[0] for line in lines] == [
        "t.csv:2: column 'share'",
        "t.csv:2: column 'count'",
        "t.csv:2: column 'day'",
    ]
    many = ",".join(f"c{k}" for k in range(14))
    lines = str(error(f"{many},y\n" + (",".join(["1%"] * 14) + ",0\n" + ",".join(["2%"] * 14) + ",1\n"))).splitlines()
    assert len(lines) == 11
    assert lines[-1] == "further columns were not looked at"


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (
            ["2.5", "n/a", "4.5"],
            "t.csv:3: column 'y' holds the text 'n/a', but its other 2 cells are numbers; if it stands for a missing "
            f"value, set data.missing_values: {{add: [n/a]}}; {TARGET}",
        ),
        (
            [*map(str, range(30)), "unknown"],
            "t.csv:32: column 'y' holds the text 'unknown', but its other 30 cells are numbers; if it stands for a "
            f"missing value, set data.missing_values: {{add: [unknown]}}; {TARGET}",
        ),
        (
            ["2,5", "3,5", "4"],
            "t.csv:2: column 'y' holds the text '2,5', '3,5' on line 3, which may be numbers with a decimal comma; set "
            f"data.decimal: ','; {TARGET}",
        ),
    ],
)
@pytest.mark.parametrize(
    "rules", [TableRules(), TableRules(target="numbers", task="regression")], ids=["auto", "numbers"]
)
def test_a_target_that_may_have_been_meant_for_numbers(cells: list[str], message: str, rules: TableRules) -> None:
    assert str(error(table(*cells, target=True), rules=rules)) == message


def test_a_target_of_more_different_numbers_than_are_kept_as_text() -> None:
    cells = [f"{k}.5" for k in range(10_500)] + ["n/a"]
    assert str(error(table(*cells, target=True))).startswith(
        "t.csv:10502: column 'y' holds the text 'n/a', but its other 10,500 cells are numbers; if it stands for"
    )


def test_values_are_names_where_classes_are_asked_for() -> None:
    Path("t.csv").write_text(table("1", "2", "3", "X", target=True))
    (column,) = read("t.csv", target="y", rules=TableRules(target="names")).target_columns
    assert column.values.tolist() == ["1", "2", "3", "X"]


def test_text_in_a_column_that_is_declared_numeric() -> None:
    declared: dict[str, tuple[Kind, Reading]] = {"x": ("numeric", Reading())}
    assert str(error(table("a", "b", "7"), rules=TableRules(declared=declared))) == (
        "t.csv:2: column 'x' holds the text 'a', 'b' on line 3, but data.columns says that it is numeric; if they "
        "stand "
        f"for a missing value, set data.missing_values: {{add: [a, b]}}; {OTHERWISE}"
    )
    assert str(error(table("1.5", "7 km"), rules=TableRules(declared=declared))) == (
        "t.csv:3: column 'x' holds the text '7 km', but data.columns says that it is numeric; "
        f"set data.columns: {{x: {{type: numeric, unit: km}}}}; {OTHERWISE}"
    )

"""Charts show the figures that they are given, in shapes, in words and in a table."""

from itertools import pairwise
from xml.etree import ElementTree

import pytest
from jinja2 import Template

from interfaces.admin.charts.axis import BOTTOM, LEFT, RIGHT, TOP, Axis, below, compact, seconds
from interfaces.admin.charts.columns import Part, Steps, columns
from interfaces.admin.charts.lines import Course, lines
from interfaces.admin.charts.rows import MOST_ROWS, Parts, Row, rows
from interfaces.admin.charts.shapes import WIDTH, Chart, Table
from interfaces.admin.formats import count
from interfaces.admin.operations.uses import cost_chart, tokens_chart, tools_chart
from interfaces.admin.pages import environment
from projections.figures import ModelUse, ToolUse

HOSTILE = '<script>alert("&")</script>'
STEPS = Steps("Hour", ["1", "2", "3"], ["1 o'clock", "2 o'clock", "3 o'clock"])


def stacked() -> Chart:
    parts = [Part("Completed", 2, [10, 0, 20]), Part("Failed", 4, [0, 0, 20])]
    return columns("c", title="Answers", description="Some.", steps=STEPS, parts=parts)


def table_of(drawn: Chart) -> list[list[str]]:
    return [list(row) for row in [drawn.table.head, *drawn.table.rows]]


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (7, [0, 2, 4, 6, 8]),
        (40, [0, 10, 20, 30, 40]),
        (41, [0, 20, 40, 60]),
        (1_900_000, [0, 500_000, 1_000_000, 1_500_000, 2_000_000]),
    ],
)
def test_an_axis_goes_up_to_a_round_number(highest: int, ticks: list[float]) -> None:
    axis = Axis.up_to(highest)
    assert axis.ticks == ticks
    assert (axis.y(0), axis.y(axis.top)) == (BOTTOM, TOP)


def test_numbers_on_an_axis_are_short() -> None:
    assert list(map(compact, (0, 950, 1200, 2_000_000, 3e9))) == ["0", "950", "1.2k", "2M", "3G"]
    assert list(map(compact, (999_499, 999_500, 999_999_999))) == ["999k", "1M", "1G"]
    assert list(map(seconds, (0, 200, 1500))) == ["0 ms", "200 ms", "1.5 s"]


@pytest.mark.parametrize("number", [1, 3, 24, 28, 30])
def test_names_below_an_axis_do_not_touch_each_other(number: int) -> None:
    places = [label.x for label in below(["00:00"] * number)]
    assert 1 <= len(places) <= 5
    assert all(LEFT < place < RIGHT for place in places)
    assert all(b - a > 60 for a, b in pairwise(places))


def test_parts_of_a_column_stand_on_each_other_as_high_as_their_figures() -> None:
    drawn = stacked()
    first, lower, upper = drawn.bars
    unit = (BOTTOM - TOP) / 40
    assert [round(bar.height / unit) for bar in drawn.bars] == [10, 20, 20]
    assert first.y + first.height == lower.y + lower.height == BOTTOM
    assert upper.y + upper.height == lower.y
    assert first.x < lower.x == upper.x
    assert [bar.told for bar in drawn.bars] == [
        "1 o'clock: 10 completed",
        "3 o'clock: 20 completed",
        "3 o'clock: 20 failed",
    ]
    assert drawn.legend == [(2, "Completed"), (4, "Failed")]
    assert table_of(drawn) == [
        ["Hour", "Completed", "Failed"],
        ["3 o'clock", "20", "20"],
        ["2 o'clock", "0", "0"],
        ["1 o'clock", "10", "0"],
    ]


def test_a_line_has_a_gap_where_there_is_nothing_to_tell() -> None:
    courses = [Course("Half", 1, [500, None, 1500]), Course("Most", 3, [1000, 2000, 4000])]
    drawn = lines("l", title="First", description="Some.", steps=STEPS, courses=courses)
    assert [(line.series, len(line.points)) for line in drawn.lines] == [(3, 3)]
    assert len(drawn.dots) == 5
    assert drawn.dots[-1].y == TOP
    assert drawn.lines[0].path.split()[-1] == f"{drawn.dots[-1].x:g},{TOP:g}"
    assert table_of(drawn)[2][1:] == ["–", "2.0\N{NARROW NO-BREAK SPACE}s"]


def test_rows_are_as_long_as_their_figures_and_the_rest_is_in_the_table() -> None:
    shown = [Row(f"m{n}", (200 - n * 10, n * 10), "x") for n in range(1, MOST_ROWS + 3)]
    table = Table(("Model", "n"), [(row.name, "1") for row in shown])
    parts = Parts(("Input", "Output"), (1, 3), count)
    drawn = rows("r", title="R", description="D", parts=parts, shown=shown, table=table)
    assert len(drawn.bars) == 2 * MOST_ROWS
    assert (drawn.bars[0].width, drawn.bars[1].width) == (WIDTH * 0.95, WIDTH * 0.05)
    assert drawn.bars[1].x == drawn.bars[0].width
    assert drawn.note == "2 more below."
    assert len(drawn.table.rows) == MOST_ROWS + 2


def test_tokens_cost_and_success_are_those_of_the_models_and_tools() -> None:
    models = [
        ModelUse("small", 5, 10, 20, 5, 0),
        ModelUse("large", 2, 1000, 500, 3_000_000, 1),
        ModelUse("", 3, 0, 0, 0, 0),
    ]
    tokens, cost = tokens_chart(models, within="7 days"), cost_chart(models, within="7 days")
    assert "1,010 tokens were read and 520 written by 2 models" in tokens.description
    assert table_of(tokens)[1] == ["large", "2", "1,000", "500"]
    assert "$3.00 at list prices. The price of 1 answer is not known." in cost.description
    assert [row[0] for row in cost.table.rows] == ["large", "small"]
    tools = tools_chart([ToolUse("search", 9, 1, 5)], within="7 days")
    assert table_of(tools)[1][1:] == ["9", "1", "5", "90.0\N{NARROW NO-BREAK SPACE}%"]
    assert round(tools.bars[0].width) == WIDTH * 9 / 15


def written(drawn: Chart) -> str:
    template: Template = environment().from_string(
        "{% from 'charts/chart.html' import chart %}{{ chart(drawn, 'Nothing.') }}"
    )
    return template.render(drawn=drawn)


def test_a_chart_is_written_for_those_who_see_it_and_those_who_do_not() -> None:
    text = written(stacked())
    figure = ElementTree.fromstring(text.strip())
    svg = figure.find(".//svg")
    assert svg is not None
    names = svg.attrib["aria-labelledby"].split()
    told = {one.attrib["id"]: one.text for one in svg if one.tag in {"title", "desc"}}
    assert list(told) == names
    assert svg.attrib["role"] == "img"
    assert svg.findtext("./rect/title") == "1 o'clock: 10 completed"
    assert len(figure.findall(".//tbody/tr")) == 3
    assert [one.text for one in figure.findall(".//li")] == ["Completed", "Failed"]
    assert "style=" not in text, "the pages' policy refuses it"


def test_a_chart_of_nothing_says_so() -> None:
    parts = [Part("Completed", 2, [0, 0, 0])]
    drawn = columns("c", title="Answers", description="None.", steps=STEPS, parts=parts)
    assert "Nothing." in written(drawn)
    assert "<svg" not in written(drawn)


def test_models_whose_price_nobody_knows_are_not_nothing() -> None:
    drawn = cost_chart([ModelUse("our-own", 3, 100, 50, 0, 3)], within="7 days")
    assert "Nothing." not in written(drawn)
    assert [label.text for label in drawn.labels] == ["our-own", "price not known"]
    assert table_of(drawn)[1] == ["our-own", "3", "$0.00", "3"]
    assert cost_chart([ModelUse("", 3, 0, 0, 0, 0)], within="7 days").is_empty


def test_names_from_outside_stay_text() -> None:
    use = ModelUse(HOSTILE, 1, 10, 10, 5, 0)
    for drawn in (tokens_chart([use], within="x"), cost_chart([use], within="x")):
        assert "<script" not in written(drawn)
        assert "&lt;script&gt;" in written(drawn)

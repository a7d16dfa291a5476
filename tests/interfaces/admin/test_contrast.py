"""The colours of pages are readable for weak eyes, light and dark: WCAG 2.2, 1.4.3 and 1.4.11."""

import re
from itertools import product
from pathlib import Path

import pytest

TOKENS = Path(__file__).parents[3] / "interfaces" / "admin" / "static" / "tokens.css"
SIGNS = ("info", "success", "warning", "error")
GROUNDS = ("bg", "surface", "surface-2")

TEXT = [
    *product(("text", "muted", "accent", "accent-strong", "success", "warning", "error"), GROUNDS),
    *(("text", f"{sign}-soft") for sign in SIGNS),
    *((sign, f"{sign}-soft") for sign in SIGNS),
    *product(("text", "muted", "accent-strong"), ("accent-soft",)),
    *product(("on-fill",), ("fill", "fill-strong", "danger-fill", "danger-fill-strong")),
]
SHAPES = [
    *product(("line-strong", "accent", "fill", "danger-fill"), ("bg", "surface")),
    *((f"chart-{series}", "surface") for series in range(1, 7)),
    ("accent", "line"),
]


@pytest.mark.parametrize(("front", "ground"), TEXT)
def test_text_stands_out_from_what_is_behind_it(front: str, ground: str) -> None:
    assert min(contrasts(front, ground)) >= 4.5


@pytest.mark.parametrize(("front", "ground"), SHAPES)
def test_edges_and_charts_stand_out_from_what_is_behind_them(front: str, ground: str) -> None:
    assert min(contrasts(front, ground)) >= 3


def contrasts(front: str, ground: str) -> list[float]:
    """The ratio in light and in dark, 1 to 21."""
    both = zip(colours(front), colours(ground), strict=True)
    pairs = [sorted((luminance(one), luminance(other))) for one, other in both]
    return [(lighter + 0.05) / (darker + 0.05) for darker, lighter in pairs]


def colours(name: str) -> tuple[str, str]:
    """What a variable is in light and in dark."""
    found = re.search(rf"^ *--{name}: (.+);", TOKENS.read_text(), re.MULTILINE)
    assert found is not None, name
    if other := re.fullmatch(r"var\(--([\w-]+)\)", found[1]):
        return colours(other[1])
    hexes: list[str] = re.findall(r"#[0-9a-f]{6}", found[1])
    return hexes[0], hexes[-1]


def luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

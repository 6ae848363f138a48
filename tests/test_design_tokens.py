"""The tokens hold what look.md promises: one dark theme, and every pair of text and ground at 4.5 : 1 or better."""

import gzip
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CSS = (ROOT / "static/css/variables.css").read_text()


def tokens(selector: str) -> dict[str, str]:
    block = CSS.split(selector + " {", 1)[1].split("}", 1)[0]
    return dict(re.findall(r"(--[\w-]+): ([^;]+);", block))


LIGHT = tokens("\n:root")
DARK = tokens(':root[data-theme="dark"]')
PAIRS = [(ink, ground) for ink in ("--ink", "--ink-2", "--ink-3", "--accent") for ground in ("--paper", "--surface")]
PAIRS += [("--ink", "--sunken"), ("--ink-2", "--sunken"), ("--ink-3", "--sunken"), ("--accent-ink", "--accent")]
PAIRS += [(f"--{status}", f"--{status}-soft") for status in ("ok", "warn", "bad", "info")]
PAIRS += [(f"--{status}", "--surface") for status in ("ok", "warn", "bad", "info")]
PAIRS += [(f"--grade-{grade}-ink", f"--grade-{grade}") for grade in range(6)]
PAIRS += [("--ink", "--accent-soft")]


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, by WCAG 2.2."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_dark_theme_is_the_same_by_system_and_by_hand():
    assert tokens(':root:not([data-theme="light"])') == DARK


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS, ids=lambda name: name)
def test_text_is_readable_on_its_ground(theme, ink, ground):
    assert contrast(theme[ink], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("series", [f"--series-{n}" for n in range(1, 7)])
def test_series_of_charts_stand_out_from_the_surface(theme, series):
    assert contrast(theme[series], theme["--surface"]) >= 3


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_borders_of_fields_stand_out_from_the_surface(theme):
    assert contrast(theme["--line-strong"], theme["--surface"]) >= 3


def scripts_of(*templates: str) -> set[Path]:
    """Our scripts that these templates load, with the modules that those import."""
    text = "".join((ROOT / "templates" / name).read_text() for name in templates)
    waiting = {ROOT / "static/js" / name for name in re.findall(r"js/(\w+\.js)", text)}
    found: set[Path] = set()
    while waiting:
        script = waiting.pop()
        found.add(script)
        named = re.findall(r'from "\./(\w+\.js)"|import\("\./(\w+\.js)"\)', script.read_text())
        waiting |= {script.parent / (first or second) for first, second in named} - found
    return found


def test_the_scripts_of_the_judging_page_are_small():
    """No script over 20 KB as it stands, and all of ours together under 30 KB as they travel (compressed)."""
    scripts = [path.read_bytes() for path in scripts_of("assessment/judging.html", "base.html")]
    assert len(scripts) > 8
    assert max(map(len, scripts)) < 20 * 1024
    assert sum(len(gzip.compress(script)) for script in scripts) < 30 * 1024

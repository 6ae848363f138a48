"""Vega-Lite specifications of the dashboards, as plain dictionaries.

Colours and type are not here: marks carry a named style (`run`, `run-moved`, `identity`, …) that
static/js/charts.js fills from the page's CSS variables, so that one specification serves light, dark and paper.
"""

from typing import NamedTuple, Protocol

from assessment.selectors.comparisons import Comparison, GradeName, RunRow

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
NAMED_RUNS = 4
ALL_NAMED = 6
HEIGHT = 540
TEXT_HEIGHT = 15
LETTER_WIDTH = 8
NAME_WIDTH = 176  # a longer name ends in dots: it would take its room from the points
_SCORE = ".4f"
_TAU = ".3f"


class TwoSides(Protocol):
    """What the scatter is drawn from: `Comparison`, or anything that has these fields of it."""

    manual: str
    automatic: str
    measure: str
    runs: list[RunRow]


NAMES = {"name": "names", "value": False, "bind": {"input": "checkbox", "name": "names of all runs"}}


def run_scatter(comparison: TwoSides, urls: dict[str, str] | None = None) -> dict:
    """One point per run: its score by the manual assessor (x) and by the automatic one (y), with the line x = y.

    Whiskers are the 95 % intervals of both means over topics, where they are known; a switch names every run. `urls`
    maps a run tag to its page.
    """
    measure = comparison.measure
    named = {row.tag for row in largest_changes(comparison.runs)}
    values = [_run_values(row, named, urls or {}) for row in comparison.runs]
    low, high = _range([value[key] for value in values for key in ("manual", "automatic")])
    scale = {"domain": [low, high], "nice": False, "zero": False}
    x = {"field": "manual", "type": "quantitative", "scale": scale, "title": f"{measure} by {comparison.manual}"}
    y = {"field": "automatic", "type": "quantitative", "scale": scale, "title": f"{measure} by {comparison.automatic}"}
    identity = {
        "data": {"values": [{"manual": low, "automatic": low}, {"manual": high, "automatic": high}]},
        "mark": {"type": "line", "style": "identity", "tooltip": None},
        "encoding": {"x": x, "y": y},
    }
    points = {
        "transform": [{"filter": "!datum.named"}],
        "mark": {"type": "point", "style": "run"},
        "encoding": {"x": x, "y": y, "tooltip": _run_tooltip(comparison)}
        | {"href": {"field": "url"}, "description": {"field": "run"}},
    }
    moved = points | {"transform": [{"filter": "datum.named"}], "mark": {"type": "point", "style": "run-moved"}}
    names = {"data": {"values": _beside_the_cloud(comparison.runs, low, high)}}
    leaders = names | {
        "mark": {"type": "rule", "style": "leader"},
        "encoding": {
            "x": x,
            "y": y,
            "x2": {"field": "label_manual"},
            "y2": {"field": "label_automatic"},
        },
    }
    labels = [
        names
        | {
            "transform": [{"filter": "datum.left" if left else "!datum.left"}],
            "mark": {"type": "text", "style": "label", "limit": NAME_WIDTH}
            | {"align": "right" if left else "left", "dx": -4 if left else 4},
            "encoding": {
                "x": x | {"field": "label_manual"},
                "y": y | {"field": "label_automatic"},
                "text": {"field": "run"},
            },
        }
        for left in (True, False)
    ]
    every_name = {
        "transform": [{"filter": "names"}],
        "mark": {"type": "text", "style": "name", "align": "left", "dx": 6, "dy": -5},
        "encoding": {"x": x, "y": y, "text": {"field": "run"}},
    }
    layers = [identity, *_whiskers(x, y), leaders, points, moved, *labels, every_name]
    return _chart(values, HEIGHT) | {"params": [NAMES], "layer": layers}


def rank_slopes(comparison: Comparison) -> dict:
    """One line per run from its rank by the manual assessor to its rank by the automatic one; best on top."""
    named = {row.tag for row in largest_changes(comparison.runs)}
    sides = (("manual", comparison.manual), ("automatic", comparison.automatic))
    values = [
        _run_values(row, named, {}) | {"side": name, "rank": getattr(row, f"{side}_rank")}
        for row in comparison.runs
        for side, name in sides
    ]
    order = [name for _, name in sides]
    x = {
        "field": "side",
        "type": "nominal",
        "sort": order,
        "scale": {"type": "point", "padding": 0.35},
        "axis": {"title": None, "orient": "top", "labelAngle": 0, "grid": False, "domain": False, "ticks": False},
    }
    y = {
        "field": "rank",
        "type": "quantitative",
        "scale": {"reverse": True, "domain": [1, max(len(comparison.runs), 2)], "nice": False, "zero": False},
        "axis": {"title": "rank", "tickMinStep": 1, "tickCount": 12, "grid": False, "format": "d"},
    }
    tooltip = _run_tooltip(comparison)
    lines = [
        {
            "transform": [{"filter": "datum.named" if moved else "!datum.named"}],
            "mark": {"type": "line", "style": "slope-moved" if moved else "slope", "point": False},
            "encoding": {"x": x, "y": y, "detail": {"field": "run"}, "tooltip": tooltip}
            | {"description": {"field": "run"}},
        }
        for moved in (False, True)
    ]
    ends = {
        "mark": {"type": "point", "style": "slope-end"},
        "encoding": {"x": x, "y": y, "tooltip": tooltip, "description": {"field": "run"}},
    }
    ends_named = sorted(labelled(comparison.runs), key=lambda row: row.automatic_rank)
    places = spread([row.automatic_rank for row in ends_named], TEXT_HEIGHT * len(comparison.runs) / HEIGHT)
    labels = {
        "data": {
            "values": [
                {
                    "run": f"{row.tag} {_change(row)}" if row.change else row.tag,
                    "rank": place,
                    "side": comparison.automatic,
                }
                for row, place in zip(ends_named, places, strict=True)
            ]
        },
        "mark": {"type": "text", "style": "label", "align": "left", "dx": 8},
        "encoding": {"x": x, "y": y, "text": {"field": "run"}},
    }
    return _chart(values, HEIGHT) | {"layer": [*lines, ends, labels]}


def topic_dots(comparison: Comparison, urls: dict[str, str] | None = None) -> dict:
    """Kendall's τ of each topic, sorted, with a line at their mean. Topics without a defined τ are left out.

    `urls` maps a qid to the page of its topic.
    """
    defined = sorted((row for row in comparison.topics if row.tau is not None), key=lambda row: row.tau)
    values = [
        {"order": place, "topic": row.qid, "query": row.query, "tau": row.tau, "pairs": row.n_pairs}
        | {"url": (urls or {}).get(row.qid)}
        for place, row in enumerate(defined, 1)
    ]
    low = min([0.0, *(row.tau for row in defined)])
    y = {
        "field": "tau",
        "type": "quantitative",
        "scale": {"domain": [low, 1], "nice": True, "zero": True},
        "title": "Kendall’s τ",
    }
    dots = {
        "mark": {"type": "point", "style": "run"},
        "encoding": {
            "x": {
                "field": "order",
                "type": "quantitative",
                "scale": {"domain": [0, len(defined) + 1], "nice": False},
                "axis": {
                    "labels": False,
                    "ticks": False,
                    "grid": False,
                    "title": "topics, by their τ",
                },
            },
            "y": y,
            "href": {"field": "url"},
            "description": {"field": "topic"},
            "tooltip": [
                {"field": "topic", "type": "nominal", "title": "topic"},
                {"field": "query", "type": "nominal", "title": "query"},
                {"field": "tau", "type": "quantitative", "title": "Kendall’s τ", "format": _TAU},
                {"field": "pairs", "type": "quantitative", "title": "judged by both"},
            ],
        },
    }
    mean = {
        "data": {"values": [{"tau": comparison.tau_per_topic_mean, "name": "mean"}]},
        "layer": [
            {"mark": {"type": "rule", "style": "mean"}, "encoding": {"y": y}},
            {
                "mark": {"type": "text", "style": "label", "align": "left", "dy": -7},
                "encoding": {"x": {"value": 4}, "y": y, "text": {"field": "name"}},
            },
        ],
    }
    layers = [dots] if comparison.tau_per_topic_mean is None else [mean, dots]
    return _chart(values, height=220) | {"layer": layers}


def _whiskers(x: dict, y: dict) -> list[dict]:
    """The intervals of both means as thin lines through the points; runs without them have none."""
    mark = {"type": "rule", "style": "whisker", "clip": True, "tooltip": None}
    known = [{"filter": "isValid(datum.manual_low) && isValid(datum.automatic_low)"}]
    across = {"x": x | {"field": "manual_low"}, "x2": {"field": "manual_high"}, "y": y}
    upwards = {"x": x, "y": y | {"field": "automatic_low"}, "y2": {"field": "automatic_high"}}
    return [{"transform": known, "mark": mark, "encoding": encoding} for encoding in (across, upwards)]


class ConfusionCell(NamedTuple):
    """How many pairs, their share of the row (None for an empty row), its shade 0 to 4, and whether both agree."""

    count: int
    share: float | None
    shade: int
    exact: bool


class ConfusionRow(NamedTuple):
    grade: GradeName
    cells: list[ConfusionCell]
    total: int


def confusion_rows(grades: list[GradeName], confusion: list[list[int]]) -> list[ConfusionRow]:
    """The confusion matrix as it is shown: one row for each grade of the first, shaded by the share of the row."""
    rows = []
    for place, counts in enumerate(confusion):
        total = sum(counts)
        shares = [count / total if total else None for count in counts]
        cells = [
            ConfusionCell(count, share, min(int(5 * (share or 0)), 4), column == place)
            for column, (count, share) in enumerate(zip(counts, shares, strict=True))
        ]
        rows.append(ConfusionRow(grades[place], cells, total))
    return rows


def labelled(runs: list[RunRow]) -> list[RunRow]:
    """The runs whose names stand in a chart: all where they are few, otherwise those whose rank changes most."""
    return runs if len(runs) <= ALL_NAMED else largest_changes(runs)


def largest_changes(runs: list[RunRow]) -> list[RunRow]:
    """The few runs whose rank changes most, and by at least three places: those worth a name in a chart."""
    moved = sorted(runs, key=lambda row: (-abs(row.change), row.manual_rank, row.tag))
    return [row for row in moved[:NAMED_RUNS] if abs(row.change) >= 3]


def spread(places: list[float], gap: float) -> list[float]:
    """Ascending places moved apart, as little as need be, until neighbours are at least `gap` away from each other."""
    blocks: list[list[float]] = []  # [sum of wished first places, number of members]
    for place in places:
        blocks.append([place, 1])
        while len(blocks) > 1 and _start(blocks[-1]) - _start(blocks[-2]) < gap * blocks[-2][1]:
            wished, members = blocks.pop()
            blocks[-1][0] += wished - gap * blocks[-1][1] * members
            blocks[-1][1] += members
    return [_start(block) + gap * step for block in blocks for step in range(int(block[1]))]


def _start(block: list[float]) -> float:
    return block[0] / block[1]


def _beside_the_cloud(runs: list[RunRow], low: float, high: float) -> list[dict]:
    """Where the names of runs stand in the scatter: beside all points of their height, apart from each other; on the
    left of runs above the diagonal if there is room for all, otherwise on the right.
    """
    gap = (high - low) * TEXT_HEIGHT / HEIGHT
    letter = (high - low) * LETTER_WIDTH / HEIGHT

    def edge(row: RunRow, height: float, left: bool) -> float:
        near = [other.manual for other in runs if abs(other.automatic - height) < gap] + [row.manual]
        return min(near) - gap if left else max(near) + gap

    names = labelled(runs)
    above = [row for row in names if row.automatic >= row.manual]
    room = all(
        edge(row, row.automatic, True) - letter * min(len(row.tag), NAME_WIDTH // LETTER_WIDTH) > low for row in above
    )
    on_the_left = above if room else []
    labels = []
    for left in (True, False):
        side = sorted((row for row in names if (row in on_the_left) == left), key=lambda row: row.automatic)
        heights = spread([row.automatic for row in side], gap)
        labels += [
            {
                "run": row.tag,
                "manual": row.manual,
                "automatic": row.automatic,
                "label_manual": edge(row, height, left),
                "label_automatic": height,
                "left": left,
            }
            for row, height in zip(side, heights, strict=True)
        ]
    return labels


def _change(row: RunRow) -> str:
    return f"{row.change:+d}".replace("-", "−") if row.change else "="


def _chart(values: list[dict], height: int) -> dict:
    return {"$schema": SCHEMA, "width": "container", "height": height, "data": {"values": values}}


def _run_values(row: RunRow, named: set[str], urls: dict[str, str]) -> dict:
    return {
        "run": row.tag,
        "team": row.team,
        "manual": row.manual,
        "automatic": row.automatic,
        "manual_rank": row.manual_rank,
        "automatic_rank": row.automatic_rank,
        "change": _change(row),
        "named": row.tag in named,
        "url": urls.get(row.tag),
        **_interval("manual", row.manual, row.manual_reach),
        **_interval("automatic", row.automatic, row.automatic_reach),
    }


def _interval(side: str, score: float, reach: float | None) -> dict:
    return {} if reach is None else {f"{side}_low": score - reach, f"{side}_high": score + reach}


def _run_tooltip(comparison: TwoSides) -> list[dict]:
    measure = comparison.measure
    tooltip = [
        {"field": "run", "type": "nominal", "title": "run"},
        {"field": "manual", "type": "quantitative", "title": f"{measure}, {comparison.manual}", "format": _SCORE},
        {"field": "automatic", "type": "quantitative", "title": f"{measure}, {comparison.automatic}", "format": _SCORE},
        {"field": "manual_rank", "type": "quantitative", "title": f"rank, {comparison.manual}"},
        {"field": "automatic_rank", "type": "quantitative", "title": f"rank, {comparison.automatic}"},
        {"field": "change", "type": "nominal", "title": "change"},
    ]
    if any(row.team for row in comparison.runs):
        tooltip.insert(1, {"field": "team", "type": "nominal", "title": "team"})
    return tooltip


def _range(scores: list[float]) -> tuple[float, float]:
    """Both axes show the same interval, a little wider than the scores, so that the line x = y is the diagonal."""
    if not scores:
        return 0.0, 1.0
    margin = max(0.04 * (max(scores) - min(scores)), 0.01)
    return max(min(scores) - margin, 0.0), max(scores) + margin

"""Vega-Lite specifications of nugget scores; see `assessment.charts` for where colours come from."""

from assessment.charts import SCHEMA
from nuggets.domain.scores import RULES
from nuggets.selectors.leaderboards import NuggetRow
from nuggets.selectors.topics import TopicRow, TopicScores

HEIGHT, LOW_HEIGHT = 320, 240
_SHARE = {"type": "quantitative", "scale": {"domain": [0, 1], "nice": False, "zero": True}}
_SCORE = ".4f"


def score_by_length(found: TopicScores, name: str, urls: dict[str, str]) -> dict:
    """One point an answer: its words (x) and its score (y). Runs without an answer or a score have no point."""
    values = [
        {"run": row.tag, "words": row.words, "score": row.score, "url": urls[row.tag]}
        for row in found.runs
        if not row.is_missing and row.score is not None
    ]
    return _by_length(values, "words of the answer", name)


def mean_by_length(rows: list[NuggetRow], name: str, urls: dict[str, str]) -> dict:
    """One point a run: the mean words of its answers (x) and its mean score (y)."""
    place = list(RULES).index(name)
    values = [
        {"run": row.tag, "words": row.words, "score": row.scores[place], "url": urls[row.tag]}
        for row in rows
        if row.scores[place] is not None
    ]
    return _by_length(values, "mean words of the answers", name)


def _by_length(values: list[dict], words: str, name: str) -> dict:
    points = {
        "mark": {"type": "point", "style": "run"},
        "encoding": {
            "x": {"field": "words", "type": "quantitative", "title": words, "scale": {"zero": True}},
            "y": _SHARE | {"field": "score", "title": name},
            "href": {"field": "url"},
            "description": {"field": "run"},
            "tooltip": [
                {"field": "run", "type": "nominal", "title": "run"},
                {"field": "words", "type": "quantitative", "title": words, "format": ".0f"},
                {"field": "score", "type": "quantitative", "title": name, "format": _SCORE},
            ],
        },
    }
    return _chart(values, HEIGHT) | {"layer": [points]}


def topic_ranges(rows: list[TopicRow], name: str, urls: dict[str, str]) -> dict:
    """One line a topic from its lowest score to its highest with a point at the mean, easiest topic first."""
    defined = sorted((row for row in rows if row.mean is not None), key=lambda row: -row.mean)
    values = [
        {
            "place": place,
            "topic": row.topic.qid,
            "query": row.topic.query,
            "mean": row.mean,
            "lowest": row.lowest,
            "highest": row.highest,
            "url": urls[row.topic.qid],
        }
        for place, row in enumerate(defined, 1)
    ]
    x = {
        "field": "place",
        "type": "quantitative",
        "scale": {"domain": [0, len(defined) + 1], "nice": False},
        "axis": {"labels": False, "ticks": False, "grid": False, "title": "topics, by their mean"},
    }
    tooltip = [
        {"field": "topic", "type": "nominal", "title": "topic"},
        {"field": "query", "type": "nominal", "title": "query"},
        *(
            {"field": field, "type": "quantitative", "title": f"{field} {name}", "format": _SCORE}
            for field in ("mean", "lowest", "highest")
        ),
    ]
    ranges = {
        "mark": {"type": "rule", "style": "interval", "tooltip": None},
        "encoding": {"x": x, "y": _SHARE | {"field": "lowest", "title": name}, "y2": {"field": "highest"}},
    }
    means = {
        "mark": {"type": "point", "style": "run"},
        "encoding": {"x": x, "y": _SHARE | {"field": "mean", "title": name}, "tooltip": tooltip}
        | {"href": {"field": "url"}, "description": {"field": "topic"}},
    }
    return _chart(values, LOW_HEIGHT) | {"layer": [ranges, means]}


def _chart(values: list[dict], height: int) -> dict:
    return {"$schema": SCHEMA, "width": "container", "height": height, "data": {"values": values}}

"""Charts of leaderboards: the runs with their intervals, and one run against the field."""

from assessment.charts import SCHEMA
from assessment.selectors.leaderboards import FieldTopic, Leaderboard

ROW_HEIGHT = 16


def leaderboard_dots(board: Leaderboard, urls: dict[str, str]) -> dict:
    """Each run's mean of the first measure with the 95 % interval over topics, best on top. `urls` by run tag."""
    measure = board.measures[0]
    values = []
    for row in board.rows:
        (score, judged), reach = row.scores[0], row.reaches[0]
        ends = {} if reach is None else {"low": score - reach, "high": score + reach}
        told = {"run": row.tag, "score": score, "judged": judged, "group": row.group, "url": urls[row.tag]}
        values.append(told | ends)
    y = {
        "field": "run",
        "type": "nominal",
        "sort": [row.tag for row in board.rows],
        "axis": {"title": None, "labelLimit": 200, "labelFontSize": 11, "ticks": False, "grid": True},
    }
    x = {"field": "score", "type": "quantitative", "title": f"{measure} by {board.assessor}", "scale": {"zero": False}}
    tooltip = [
        {"field": "run", "type": "nominal"},
        {"field": "score", "type": "quantitative", "title": measure, "format": ".4f"},
        {"field": "low", "type": "quantitative", "title": "from", "format": ".4f"},
        {"field": "high", "type": "quantitative", "title": "to", "format": ".4f"},
        {"field": "group", "type": "nominal"},
        {"field": "judged", "type": "quantitative", "title": board.judged[0], "format": ".0%"},
    ]
    spans = {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "rule", "style": "interval"},
        "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}, "tooltip": tooltip},
    }
    dots = {
        "mark": {"type": "point", "style": "run"},
        "encoding": {"y": y, "x": x, "tooltip": tooltip, "href": {"field": "url"}, "description": {"field": "run"}},
    }
    return _chart(values, max(ROW_HEIGHT * len(values), 80)) | {"layer": [spans, dots]}


def field_dots(tag: str, measure: str, topics: list[FieldTopic], urls: dict[str, str]) -> dict:
    """One run's score on each topic beside the median of all runs, joined by a line; the worst topic on top. `urls` by
    qid."""
    values = [
        {
            "topic": one.topic.qid,
            "query": one.topic.query,
            "score": one.score,
            "median": one.median,
            "best": one.best,
            "rank": one.rank,
            "url": urls[one.topic.qid],
        }
        for one in topics
    ]
    y = {
        "field": "topic",
        "type": "nominal",
        "sort": [one.topic.qid for one in topics],
        "axis": {"title": None, "labelFontSize": 11, "ticks": False},
    }
    x = {"field": "score", "type": "quantitative", "title": f"{measure} of {tag} (●) and the median run (│)"}
    tooltip = [
        {"field": "topic", "type": "nominal"},
        {"field": "query", "type": "nominal"},
        {"field": "score", "type": "quantitative", "title": tag, "format": ".4f"},
        {"field": "median", "type": "quantitative", "format": ".4f"},
        {"field": "best", "type": "quantitative", "format": ".4f"},
        {"field": "rank", "type": "quantitative"},
    ]
    gaps = {
        "mark": {"type": "rule", "style": "interval"},
        "encoding": {"y": y, "x": x, "x2": {"field": "median"}, "tooltip": tooltip},
    }
    medians = {"mark": {"type": "tick", "style": "median"}, "encoding": {"y": y, "x": x | {"field": "median"}}}
    dots = {
        "mark": {"type": "point", "style": "run"},
        "encoding": {"y": y, "x": x, "tooltip": tooltip, "href": {"field": "url"}, "description": {"field": "topic"}},
    }
    return _chart(values, max(ROW_HEIGHT * len(values), 80)) | {"layer": [gaps, medians, dots]}


def _chart(values: list[dict], height: int) -> dict:
    return {"$schema": SCHEMA, "width": "container", "height": height, "data": {"values": values}}

"""Charts of bias: topic by topic, and the runs' ranks by the family of their models."""

from assessment.charts import SCHEMA
from assessment.selectors.biases import Biases

ROW_HEIGHT = 14
SHOWN_FAMILIES = 5  # there are six colours, and one is for the rest
REST, NOTHING = "another family", "nothing declared"


def topic_differences(biases: Biases, urls: dict[str, str]) -> dict:
    """Each topic's mean difference of grades with its interval, the harshest on top. `urls` by qid."""
    values = []
    for topic, row in biases.topics:
        ends = {} if row.reach is None else {"low": row.bias - row.reach, "high": row.bias + row.reach}
        told = {"topic": topic.qid, "query": topic.query, "bias": row.bias, "pairs": row.n, "url": urls[topic.qid]}
        values.append(told | ends)
    y = {
        "field": "topic",
        "type": "nominal",
        "sort": [topic.qid for topic, _ in biases.topics],
        "axis": {"title": None, "labelFontSize": 10, "ticks": False},
    }
    x = {"field": "bias", "type": "quantitative", "title": "grade by the automatic minus by the manual assessor"}
    tooltip = [
        {"field": "topic", "type": "nominal"},
        {"field": "query", "type": "nominal"},
        {"field": "bias", "type": "quantitative", "title": "difference", "format": "+.3f"},
        {"field": "pairs", "type": "quantitative"},
    ]
    nothing = {"data": {"values": [{"bias": 0}]}, "mark": {"type": "rule", "style": "mean"}, "encoding": {"x": x}}
    spans = {
        "transform": [{"filter": "isValid(datum.low)"}],
        "mark": {"type": "rule", "style": "interval"},
        "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}, "tooltip": tooltip},
    }
    dots = {
        "mark": {"type": "point", "style": "run"},
        "encoding": {"y": y, "x": x, "href": {"field": "url"}, "tooltip": tooltip, "description": {"field": "topic"}},
    }
    return _chart(values, max(ROW_HEIGHT * len(values), 80)) | {"layer": [nothing, spans, dots]}


def rank_changes_by_family(biases: Biases, urls: dict[str, str]) -> dict:
    """The change of each run's rank against its manual rank; colour and shape tell the declared model family. `urls` by
    run tag."""
    counted = sorted(
        {name for own in biases.families.values() for name in own},
        key=lambda name: (-sum(name in own for own in biases.families.values()), name),
    )
    shown = counted[:SHOWN_FAMILIES]

    def told(tag: str) -> str:
        own = biases.families[tag]
        return next((name for name in own if name in shown), REST if own else NOTHING)

    values = [
        {
            "run": row.tag,
            "rank": row.manual_rank,
            "change": row.change,
            "family": told(row.tag),
            "models": ", ".join(biases.families[row.tag]) or NOTHING,
            "url": urls[row.tag],
        }
        for row in biases.comparison.runs
    ]
    order = [name for name in (*shown, REST, NOTHING) if name in {value["family"] for value in values}]
    kind = {"field": "family", "type": "nominal", "sort": order, "legend": {"title": None, "orient": "top"}}
    x = {
        "field": "rank",
        "type": "quantitative",
        "title": f"rank by {biases.comparison.manual}",
        "scale": {"zero": False},
    }
    y = {"field": "change", "type": "quantitative", "title": "ranks gained by the automatic judgments"}
    nothing = {"data": {"values": [{"change": 0}]}, "mark": {"type": "rule", "style": "identity"}, "encoding": {"y": y}}
    points = {
        "mark": {"type": "point", "size": 70},
        "encoding": {
            "x": x,
            "y": y,
            "color": kind,
            "shape": kind,
            "href": {"field": "url"},
            "description": {"field": "run"},
            "tooltip": [
                {"field": "run", "type": "nominal"},
                {"field": "models", "type": "nominal", "title": "families"},
                {"field": "rank", "type": "quantitative", "title": "manual rank"},
                {"field": "change", "type": "quantitative", "title": "ranks gained", "format": "+d"},
            ],
        },
    }
    return _chart(values, 320) | {"layer": [nothing, points]}


def _chart(values: list[dict], height: int) -> dict:
    return {"$schema": SCHEMA, "width": "container", "height": height, "data": {"values": values}}

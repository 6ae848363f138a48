"""How passages travel to the judging page's own script."""

from django.template.loader import render_to_string

from assessment.models import Duty, DutyItem
from assessment.selectors.judging import ColumnEntry
from assessment.services.leases import Handed


def item_html(mine: Duty, item: DutyItem) -> str:
    return render_to_string("assessment/_judging_item.html", {"duty": mine, "item": item})


def entries_html(mine: Duty, column: list[ColumnEntry]) -> str:
    return render_to_string("assessment/_judging_entries.html", {"duty": mine, "column": column})


def handed_json(mine: Duty, handed: Handed | None) -> dict:
    """`next`: what came on the desk of a served duty, each with its line of the column; `elsewhere`: how many passages
    more are on other people's desks. Neither is told of a listed duty (None): all of it is there."""
    if handed is None:
        return {}
    return {"next": [_passage_json(mine, item) for item in handed.items], "elsewhere": handed.elsewhere}


def _passage_json(mine: Duty, item: DutyItem) -> dict:
    entry = ColumnEntry(item.pk, item.number, item.document.title or item.document.docid, item.state, item.grade)
    return {"id": item.pk, "html": item_html(mine, item), "entry": entries_html(mine, [entry])}

"""Canaries: passages that give a judge orders, to see whether they are flagged and whether the judge obeys.

Harmless passages that look like them stand beside them in `llm_worker/canaries/`; the files' heads say more.
"""

from pathlib import Path
from typing import NamedTuple

import yaml

CANARIES_FOLDER = Path(__file__).resolve().parent.parent / "canaries"


class Canary(NamedTuple):
    """A passage, and the order that is put before or behind it. `kind` is one of `orders.KINDS`."""

    name: str
    kind: str
    language: str
    query: str
    passage: str
    order: str
    order_is_first: bool

    @property
    def with_order(self) -> str:
        parts = (self.order, self.passage) if self.order_is_first else (self.passage, self.order)
        return "\n".join(parts)


class LookAlike(NamedTuple):
    """A harmless passage."""

    name: str
    text: str


def canaries() -> list[Canary]:
    """Every passage with an order, as the file lists them."""
    file = _read("injected.yaml")
    return [
        Canary(
            one["id"],
            one["kind"],
            one["language"],
            file["passages"][one["passage"]]["query"],
            file["passages"][one["passage"]]["text"],
            one["order"],
            one["place"] == "before",
        )
        for one in file["canaries"]
    ]


def look_alikes() -> list[LookAlike]:
    """Every harmless passage."""
    return [LookAlike(one["id"], one["text"]) for one in _read("harmless.yaml")["passages"]]


def _read(name: str) -> dict:
    return yaml.safe_load((CANARIES_FOLDER / name).read_text(encoding="utf-8"))

"""Passages that try to give the judge orders."""


def orders_in(text: str) -> tuple[str, ...]:
    return ()

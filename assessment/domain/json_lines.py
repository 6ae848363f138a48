"""JSON lines: one JSON object a line, blank lines allowed, read strictly.

NaN, infinities, NUL characters and lone surrogates are refused here, once for all readers: neither JSON proper nor
PostgreSQL can hold them.
"""

import json
import math
from collections.abc import Iterator

from assessment.domain.text_files import Problems, Progress, Source, open_text


def json_objects(
    source: Source, problems: Problems, *, progress: Progress | None = None
) -> Iterator[tuple[int, dict, str]]:
    """Yield (line number, object, the line's text); lines that are no JSON object go to `problems`."""
    for number, text in open_text(source, problems.name, problems=problems, progress=progress):
        if text.strip():
            value = parse_object(number, text, problems)
            if value is not None:
                yield number, value, text


def parse_object(number: int, text: str, problems: Problems) -> dict | None:
    """The object on one line, or None after adding the problem."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    except RecursionError:
        problems.add(number, "the JSON is nested too deeply", text)
    except json.JSONDecodeError as error:
        problems.add(number, f"not JSON: {error.msg} at column {error.colno}", text)
    except ValueError as error:
        problems.add(number, f"not JSON: {error}", text)
    else:
        if not isinstance(value, dict):
            problems.add(number, "not a JSON object", text)
        elif _may_be_unstorable(text) and _is_unstorable(value):
            problems.add(number, "contains a NUL character or half a surrogate pair", text)
        else:
            return value
    return None


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is too large a number")
    return number


def _may_be_unstorable(text: str) -> bool:
    """A cheap look at the line: such characters can stand in JSON only as escapes."""
    return "\\u0000" in text or "\\ud" in text or "\\uD" in text


def _is_unstorable(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value or any("\ud800" <= c <= "\udfff" for c in value)
    if isinstance(value, dict):
        return any(_is_unstorable(key) or _is_unstorable(item) for key, item in value.items())
    if isinstance(value, list):
        return any(map(_is_unstorable, value))
    return False

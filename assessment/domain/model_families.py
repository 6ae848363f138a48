"""Which family a declared language model is of, and whether a judge judges its own kin.

The rule, as it is printed beside every figure that uses it: of a model's name the part after the last slash counts, and
of that the leading letters; o1, o3 and o4 are gpt, mixtral and codestral are mistral. Several models of one run are
separated by commas.
"""

import re
from collections.abc import Iterable

RULE = (
    "the letters with which a declared model’s name begins, after its last slash; o1, o3 and o4 count as gpt, mixtral "
    "and codestral as mistral"
)
_KIN = {"o": "gpt", "chatgpt": "gpt", "mixtral": "mistral", "codestral": "mistral", "qwq": "qwen"}
_LETTERS = re.compile(r"[a-z]+")


def declared(models: str) -> list[str]:
    """The models of a declaration, as they are written."""
    return [name for name in (part.strip() for part in models.split(",")) if name]


def family(model: str) -> str:
    """The family of one model; "" for a name without a letter at its beginning."""
    found = _LETTERS.match(model.rsplit("/", 1)[-1].strip().lower())
    return _KIN.get(found[0], found[0]) if found else ""


def families(models: str) -> list[str]:
    """The families of a declaration, each once, in its order."""
    return list(dict.fromkeys(filter(None, map(family, declared(models)))))


def circularity(run: str, judge: str) -> str:
    """How near a run's declared models are to the judge's: "model" (one is the same), "family", or "" (neither, or
    nothing is declared)."""
    ours, theirs = (_plain(declared(models)) for models in (run, judge))
    if ours & theirs:
        return "model"
    return "family" if set(families(run)) & set(families(judge)) else ""


def _plain(models: Iterable[str]) -> set[str]:
    return {model.rsplit("/", 1)[-1].strip().lower() for model in models}

"""Files of answers: one run, one JSON object a topic, read by a submission profile (formats: TREC RAG, RAGTIME).

References keep their places, duplicates included: integer citations count into the list as the file has it.
"""

import math
from typing import NamedTuple

from assessment.domain.json_lines import json_objects
from assessment.domain.text_files import Problems, Progress, Source, id_problem, id_text

from .profiles import Profile, found


class AnswerRecord(NamedTuple):
    """`sentences` as `Answer.sentences` keeps them; `words` counts the texts of the parts, split at white space."""

    line: int
    topic: str
    text: str
    sentences: list[dict]
    references: list[str]
    words: int
    declared_words: int | None


class AnswerFile(NamedTuple):
    run: str
    team: str
    kind: str
    description: str
    answers: list[AnswerRecord]


class _Place(NamedTuple):
    """Where problems of a record go."""

    line: int
    problems: Problems

    def wrong(self, message: str, text: object = "") -> None:
        self.problems.add(self.line, message, str(text))


def read_answers(source: Source, name: str, profile: Profile, *, progress: Progress | None = None) -> AnswerFile:
    """Read a whole file. Raises FileError with every problem and its line."""
    problems = Problems(name)
    answers: dict[str, AnswerRecord] = {}
    first: tuple[int, str, dict] | None = None
    for number, record, _ in json_objects(source, problems, progress=progress):
        at = _Place(number, problems)
        run = _id(at, "run id", found(record, profile.run))
        first = first or (number, run, record)
        if run != first[1]:
            at.wrong(f"another run than on line {first[0]} ({first[1]}); a file holds one", run)
        answer = _answer(at, record, profile)
        if answer.topic in answers:
            at.wrong(f"topic {answer.topic} is answered before, on line {answers[answer.topic].line}")
        answers.setdefault(answer.topic, answer)
    if first is None and not len(problems):
        problems.add(0, "the file holds no answers")
    problems.raise_if_any()
    texts = (str(found(first[2], f"metadata.{key}") or "") for key in ("team_id", "type", "run_desc"))
    return AnswerFile(first[1], *texts, list(answers.values()))


def _id(at: _Place, what: str, value: object) -> str:
    text = id_text(value) or ""
    if wrong := id_problem(text):
        at.wrong(f"{what}: {wrong}")
    return text


def _answer(at: _Place, record: dict, profile: Profile) -> AnswerRecord:
    given = (found(record, path) for path in profile.topic)
    topic = _id(at, "topic", next((value for value in given if value is not None), None))
    references = _references(at, record.get("references"), profile)
    sentences = _sentences(at, record, references, profile)
    words = sum(len(sentence["text"].split()) for sentence in sentences)
    if profile.most_words is not None and words > profile.most_words:
        at.wrong(f"the answer has {words} words; {profile.label} allows {profile.most_words}")
    declared = record.get("response_length")
    if declared is not None and (type(declared) is not int or not 0 <= declared < 2**31):
        at.wrong("response_length is no whole number of words", declared)
    text = " ".join(sentence["text"] for sentence in sentences)
    return AnswerRecord(at.line, topic, text, sentences, references, words, declared)


def _references(at: _Place, given: object, profile: Profile) -> list[str]:
    if not isinstance(given, list):
        at.wrong("references is no list")
        return []
    if profile.most_references is not None and len(given) > profile.most_references:
        at.wrong(f"{len(given)} references; {profile.label} allows {profile.most_references}")
    for place, docid in enumerate(given):
        said = id_problem(docid) if isinstance(docid, str) else "it is no text"
        if not said and profile.docid and not profile.docid.fullmatch(docid):
            said = f"it is no docid of {profile.label}"
        if said:
            at.wrong(f"reference {place}: {said}", docid)
    return [docid if isinstance(docid, str) else "" for docid in given]


def _sentences(at: _Place, record: dict, references: list[str], profile: Profile) -> list[dict]:
    key = next((key for key in profile.parts if key in record), None)
    if key is None:
        at.wrong(f"there is no {' or '.join(profile.parts)}")
        return []
    if not isinstance(record[key], list):
        at.wrong(f"{key} is no list")
        return []
    return [_sentence(at, f"{key} {place}", part, references, profile) for place, part in enumerate(record[key])]


def _sentence(at: _Place, where: str, part: object, references: list[str], profile: Profile) -> dict:
    if not isinstance(part, dict) or not isinstance(part.get("text"), str):
        at.wrong(f"{where} has no text", part)
        return {"text": "", "citations": []}
    given = part.get("citations")
    if isinstance(given, dict) and "confidence" in profile.citations:
        citations = _weighted(at, where, given, references)
    elif isinstance(given, list):
        docids = (_citation(at, where, one, references, profile) for one in given)
        citations = [{"docid": docid, "weight": None} for docid in docids if docid is not None]
    else:
        at.wrong(f"{where}: citations is no list" + (" or map" if "confidence" in profile.citations else ""))
        citations = []
    if profile.most_citations is not None and isinstance(given, list) and len(given) > profile.most_citations:
        at.wrong(f"{where}: {len(given)} citations; {profile.label} allows {profile.most_citations}")
    return {"text": part["text"], "citations": citations}


def _citation(at: _Place, where: str, one: object, references: list[str], profile: Profile) -> str | None:
    if type(one) is int and "integer" in profile.citations:  # a boolean is an int as well, and no citation
        if 0 <= one < len(references):
            return references[one]
        at.wrong(f"{where} cites {one}, and there are {len(references)} references (counted from 0)")
    elif isinstance(one, str) and "docid" in profile.citations:
        if one in references:
            return one
        at.wrong(f"{where} cites what is not among the references", one)
    else:
        at.wrong(f"{where}: a citation is of the kind {' or '.join(sorted(profile.citations))}", one)
    return None


def _weighted(at: _Place, where: str, given: dict, references: list[str]) -> list[dict]:
    """Strongest first; equals stay in the file's order."""
    for docid, weight in given.items():
        if docid not in references:
            at.wrong(f"{where} cites what is not among the references", docid)
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not math.isfinite(weight):
            at.wrong(f"{where}: the confidence of {docid} is no number", weight)
            return []
    ordered = sorted(given.items(), key=lambda item: -item[1])
    return [{"docid": docid, "weight": float(weight)} for docid, weight in ordered]

"""Answer files by the rules of each year, and the holes that published validators have."""

import io
import json

import pytest

from assessment.domain.errors import FileError
from nuggets.domain.answers import read_answers
from nuggets.domain.profiles import profiles

SEGMENTS = [f"msmarco_v2.1_doc_1_2#{place}_3" for place in range(3)]
SHARDS = [f"shard_00001_{place}" for place in range(3)]


def read(profile, *records):
    lines = "".join(json.dumps(record) + "\n" for record in records)
    return read_answers(io.BytesIO(lines.encode()), "answers.jsonl", profiles()[profile])


def rag24(topic="q1", parts=(("One two.", [0]),), references=SEGMENTS, **more):
    answer = [{"text": text, "citations": citations} for text, citations in parts]
    return {"run_id": "r", "topic_id": topic, "topic": "why", "references": references, "answer": answer, **more}


def later(parts, references, key="answer", **metadata):
    answer = [{"text": text, "citations": citations} for text, citations in parts]
    named = {"team_id": "team", "run_id": "r", "narrative_id": 7, **metadata}
    return {"metadata": named, "references": references, key: answer}


def problems(profile, *records):
    with pytest.raises(FileError) as refused:
        read(profile, *records)
    return [str(problem) for problem in refused.value.problems]


def test_2024_counts_citations_from_0_into_the_references():
    file = read("rag24", rag24(parts=[("One two.", [2, 0]), ("Three.", [])], response_length=3))
    (answer,) = file.answers
    assert (file.run, answer.topic, answer.text, answer.words, answer.declared_words) == (
        "r",
        "q1",
        "One two. Three.",
        3,
        3,
    )
    assert [[one["docid"] for one in part["citations"]] for part in answer.sentences] == [
        [SEGMENTS[2], SEGMENTS[0]],
        [],
    ]


def test_2025_and_2026_take_docids_too_and_an_integer_topic():
    for profile, references in (("rag25", SEGMENTS), ("rag26", SHARDS)):
        file = read(profile, later([("One.", [references[1], 0])], references, type="manual", run_desc="mine"))
        assert (file.team, file.kind, file.description, file.answers[0].topic) == ("team", "manual", "mine", "7")
        assert [one["docid"] for one in file.answers[0].sentences[0]["citations"]] == [references[1], references[0]]


def test_a_map_of_confidences_is_read_strongest_first():
    file = read("ragtime", later([("One.", {"a": 0.2, "b": 0.9})], ["a", "b"], key="responses", topic_id="t"))
    assert file.answers[0].topic == "t"
    assert file.answers[0].sentences[0]["citations"] == [
        {"docid": "b", "weight": 0.9},
        {"docid": "a", "weight": 0.2},
    ]


def test_repeated_references_keep_their_places():
    references = [SEGMENTS[0], SEGMENTS[0], SEGMENTS[1]]
    file = read("rag24", rag24(parts=[("One.", [2])], references=references))
    assert file.answers[0].references == references
    assert file.answers[0].sentences[0]["citations"][0]["docid"] == SEGMENTS[1]


@pytest.mark.parametrize(
    ("profile", "record", "said"),
    [
        ("rag24", rag24(parts=[("word " * 401, [])]), "the answer has 401 words; TREC RAG 2024 allows 400"),
        ("rag26", later([("word " * 1025, [])], SHARDS), "the answer has 1025 words; TREC RAG 2026 allows 1024"),
        ("rag24", {key: value for key, value in rag24().items() if key != "answer"}, "there is no answer"),
        ("ragtime", later([], [], key="text"), "there is no responses or answer"),
        ("rag24", rag24(parts=[("One.", [True])]), "answer 0: a citation is of the kind integer — True"),
        ("rag24", rag24(parts=[("One.", [3])]), "answer 0 cites 3, and there are 3 references (counted from 0)"),
        ("rag24", rag24(parts=[("One.", [-1])]), "answer 0 cites -1, and there are 3 references (counted from 0)"),
        ("rag25", later([("One.", ["x"])], SEGMENTS), "answer 0 cites what is not among the references — x"),
        ("rag26", later([("One.", [0, 1, 2, 0])], SHARDS), "answer 0: 4 citations; TREC RAG 2026 allows 3"),
        ("rag24", rag24(parts=[(None, [])]), "answer 0 has no text"),
        ("rag24", rag24(parts=[("One.", None)]), "answer 0: citations is no list"),
        ("rag24", rag24(references=None), "references is no list"),
        ("rag24", rag24(references=SHARDS[:1]), "reference 0: it is no docid of TREC RAG 2024 — shard_00001_0"),
        ("rag24", rag24(parts=[], references=SEGMENTS * 7), "21 references; TREC RAG 2024 allows 20"),
        ("rag24", rag24(topic=True), "topic: the id is empty"),
        ("rag24", rag24(response_length=True), "response_length is no whole number of words — True"),
        ("ragtime", later([("One.", {"a": True})], ["a"]), "answer 0: the confidence of a is no number — True"),
        ("ragtime", later([("One.", {"b": 0.5})], ["a"]), "answer 0 cites what is not among the references — b"),
    ],
)
def test_what_breaks_the_rules_is_told_with_its_line(profile, record, said):
    found = problems(profile, record)
    assert any(problem.startswith(f"line 1: {said}") for problem in found), found


def test_a_topic_twice_another_run_and_no_answers_at_all_are_refused():
    assert problems("rag24", rag24(), rag24()) == ["line 2: topic q1 is answered before, on line 1"]
    second = rag24("q2") | {"run_id": "s"}
    assert problems("rag24", rag24(), second) == ["line 2: another run than on line 1 (r); a file holds one — s"]
    assert problems("rag24") == ["the file holds no answers"]

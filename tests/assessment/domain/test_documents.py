import gzip
import io
import json

import pytest

from assessment.domain.documents import Document, read_documents
from assessment.domain.errors import FileError


def read(*records: object) -> list[Document]:
    text = "".join((record if isinstance(record, str) else json.dumps(record)) + "\n" for record in records)
    return list(read_documents(io.BytesIO(text.encode()), "segments.jsonl"))


def problems_of(*records: object) -> list[tuple[int, str]]:
    with pytest.raises(FileError) as caught:
        read(*records)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_segment_keeps_its_headings_and_every_other_key():
    segment = {"docid": "msmarco_v2.1_doc_29_677149#3_1637632", "title": "T", "url": "u", "headings": "H"}
    assert read(segment | {"segment": "text", "start_char": 12}) == [
        Document("msmarco_v2.1_doc_29_677149#3_1637632", "T", "u", "text", {"headings": "H", "start_char": 12})
    ]


@pytest.mark.parametrize("id_key", ["id", "_id", "docid"])
@pytest.mark.parametrize("text_key", ["contents", "text", "segment", "doc"])
def test_the_usual_names_of_id_and_text_are_read(id_key, text_key):
    assert read({id_key: 7, text_key: "شتاء"}) == [Document("7", "", "", "شتاء", {})]


def test_of_two_text_keys_the_first_counts_and_the_other_is_kept():
    assert read({"id": "1", "_id": "x", "text": "t", "contents": "c", "title": None}) == [
        Document("1", "", "", "c", {"_id": "x", "text": "t"})
    ]


def test_every_bad_line_is_named():
    assert problems_of(
        {"docid": "1", "text": "a"},
        {"docid": "1", "text": "b"},
        {"text": "b"},
        {"docid": "2"},
        {"docid": True, "text": "b"},
        {"docid": "a b", "text": "b"},
        {"docid": "3", "text": None},
        {"docid": "4", "text": "b", "title": 4},
        "not json",
        {"docid": "5", "text": "a\0"},
    ) == [
        (2, "document 1 is already on line 1"),
        (3, "there is no id (one of docid, id, _id)"),
        (4, "there is no text (one of segment, contents, text, doc)"),
        (5, "docid is neither a string nor an integer"),
        (6, "the id contains white space"),
        (7, "text is not a string"),
        (8, "title is not a string"),
        (9, "not JSON: Expecting value at column 1"),
        (10, "contains a NUL character or half a surrogate pair"),
    ]


def test_a_gzipped_file_and_an_empty_one():
    zipped = gzip.compress(b'{"id": "1", "text": "a"}\n')
    assert [d.docid for d in read_documents(io.BytesIO(zipped), "d")] == ["1"]
    assert problems_of() == [(0, "there is no document in this file")]

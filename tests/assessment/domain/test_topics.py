import gzip
import io

import pytest

from assessment.domain.errors import FileError
from assessment.domain.topics import Topic, read_topics


def read(text: str) -> list[Topic]:
    return read_topics(io.BytesIO(text.encode()), "topics")


def problems_of(text: str) -> list[tuple[int, str]]:
    with pytest.raises(FileError) as caught:
        read(text)
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_tsv_is_split_at_the_first_tab_only():
    assert read("2024-145979\twhat is\ttrauma?\n\nrag2026-37\tx\n") == [
        Topic("2024-145979", "what is\ttrauma?"),
        Topic("rag2026-37", "x"),
    ]


def test_every_bad_line_of_a_tsv_is_named():
    assert problems_of("1\tfine\nno tab\n2\t\n\tno id\n1\tagain\na b\ttext\n") == [
        (2, "there is no tab between the topic's id and its text"),
        (3, "the topic has no text"),
        (4, "the id is empty"),
        (5, "topic 1 is already on line 1"),
        (6, "the id contains white space"),
    ]


def test_json_lines_of_2025_have_an_id_and_a_title():
    assert read('{"id": "464", "title": "I want to know."}\n') == [Topic("464", "I want to know.")]


def test_json_lines_may_have_a_narrative_and_sub_narratives():
    text = '{"id": 7, "title": "t", "narrative": "n", "sub_narratives": ["a", "b"]}\n'
    assert read(text + '{"qid": "8", "query": "q", "sub_narratives": null}') == [
        Topic("7", "t", "", "n", ("a", "b")),
        Topic("8", "q"),
    ]


def test_every_bad_line_of_json_is_named():
    lines = ['{"id": true, "title": "t"}', "nonsense", '{"id": "1"}', '{"id": "2", "title": ["t"]}']
    lines += [
        '{"id": "3", "title": "t", "sub_narratives": "a"}',
        '{"id": "4", "title": "t"}',
        '{"id": 4, "title": "t"}',
    ]
    text = '{"id": "0", "title": "t"}\n' + "\n".join(lines)
    found = problems_of(text)
    assert [line for line, _ in found] == [2, 3, 4, 5, 6, 8]
    assert found[0][1] == "the topic's id is missing, or neither a string nor an integer"
    assert found[2][1] == "the topic has no text"
    assert found[-1][1] == "topic 4 is already on line 7"


CLASSIC = """
<top>

<num> Number: 301
<title> International Organized Crime

<desc> Description:
Identify organizations that participate in international criminal
activity.

<narr> Narrative:
A relevant document must as a minimum identify
the organization.

Vague references are <not> relevant.
</top>

<top>
<head> Tipster
<num> Number: 051 </num>
<dom> Domain: Law
<title> Topic: Airbus < Subsidies </title>
</top>
"""


def test_classic_trec_topics_need_no_closing_tags():
    assert read(CLASSIC) == [
        Topic(
            "301",
            "International Organized Crime",
            "Identify organizations that participate in international criminal activity.",
            "A relevant document must as a minimum identify the organization.\n\nVague references are <not> relevant.",
        ),
        Topic("051", "Airbus < Subsidies"),
    ]


def test_classic_trec_topics_on_one_line():
    line = "<top> <num> Number: 301 <title> A b <desc> Description: c <narr> Narrative: d </top>"
    assert read(line + "\n" + line.replace("301", "302").removesuffix("</top>")) == [
        Topic("301", "A b", "c", "d"),
        Topic("302", "A b", "c", "d"),
    ]


def test_bad_classic_topics_are_named_by_line():
    text = "<top>\n<title> a\n</top>\n<num> 3\n<top>\n<num> Number: 1\n<title> a\n<title> b\n</top>\n"
    text += "<top>\n<num> 1 <title> c"
    assert problems_of(text) == [
        (1, "a <top> without <num>"),
        (4, "<num> stands outside of a <top>"),
        (8, "a second <title> in one <top>"),
        (10, "topic 1 is already on line 5"),
    ]


XML = """<?xml version="1.0" encoding="ISO-8859-1"?>
<topics task="COVIDSearch 2020" batch="1">
  <topic number="1">
    <query>coronavirus &amp; origin é</query>
    <question>what is the
       origin?</question>
    <narrative>seeking <b>range</b> of</narrative>
    <other>ignored</other>
  </topic>
  <topic number="2">A 47-year-old</topic>
</topics>
"""


def test_xml_topics_are_read_as_utf8_whatever_they_declare():
    assert read("\n" + XML) == [
        Topic("1", "coronavirus & origin é", "what is the origin?", "seeking range of"),
        Topic("2", "A 47-year-old"),
    ]


def test_entities_and_doctypes_are_refused():
    bomb = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n<topics><topic number="1">&b;</topic></topics>'
    assert problems_of('<?xml version="1.0"?>\n' + bomb) == [(2, "a DOCTYPE or entity declaration is not accepted")]
    assert problems_of('<!DOCTYPE topics SYSTEM "file:///etc/passwd"><topics/>')[0][0] == 1


def test_broken_xml_and_topics_without_a_number_are_named_by_line():
    assert problems_of("\n<topics>\n<topic number='1'>\n</topics>") == [(4, "not well-formed XML: mismatched tag")]
    assert problems_of("<topics>\n<topic>text</topic>\n<topic number='1'> </topic>\n</topics>") == [
        (2, "a <topic> without the attribute number"),
        (3, "the topic has no text"),
    ]
    assert problems_of("<topics><topic number='1'><query>a</query><query>b</query></topic></topics>") == [
        (1, "a second query in one <topic>")
    ]


@pytest.mark.parametrize("empty", ["", "\n \n", "<topics></topics>"])
def test_a_file_without_topics_is_refused(empty):
    assert problems_of(empty) == [(0, "there is no topic in this file")]


def test_a_nul_character_is_refused():
    assert problems_of("1\ta\0b\n") == [(1, "the topic contains a NUL character")]


@pytest.mark.parametrize(
    "path, count, first",
    [
        ("dl21/topics.judged53.tsv.gz", 53, "2082"),
        ("rag24/topics.rag24.test.tsv.gz", 301, "2024-145979"),
        ("rag25/topics.rag25.test.jsonl.gz", 105, "464"),
        ("rag26/trec_rag_2026_queries.tsv.gz", 119, "rag2026-0"),
        ("trec-covid-round1/topics.covid-round1.xml.gz", 30, "1"),
    ],
)
def test_real_topic_files_are_read_whole(real_data, path, count, first):
    topics = read_topics(real_data / path, path)
    assert (len(topics), topics[0].qid) == (count, first)
    assert read_topics(io.BytesIO(gzip.decompress((real_data / path).read_bytes())), path) == topics

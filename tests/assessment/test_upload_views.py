"""Files that organizers upload, and what the pages then show of them."""

import gzip

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assessment.models import Document, Judgment, Run, Topic


def file(name, text):
    return SimpleUploadedFile(name, text.encode() if isinstance(text, str) else text)


def test_topics_go_in_and_a_bad_file_beside_them_is_refused_with_its_lines(as_user, alice, track):
    files = [file("good.tsv", "t1\tfirst\nt2\tsecond\n"), file("bad.tsv", "t3\tthird\nno tab here\n")]
    response = as_user(alice).post(reverse("topics", args=["small"]), {"files": files})
    assert [report.colour for report in response.context["reports"]] == ["ok", "bad"]
    assert "line 2" in response.content.decode()
    assert list(Topic.objects.values_list("qid", flat=True)) == ["t1", "t2"]


def test_an_upload_without_a_file_says_so(as_user, alice, track):
    response = as_user(alice).post(reverse("topics", args=["small"]), {})
    assert "Choose at least one file." in response.content.decode()


def test_compressed_documents_go_in_and_are_found_by_the_beginning_of_their_docid(as_user, alice, track):
    lines = "".join(f'{{"docid": "doc#{n}.0", "title": "T{n}", "segment": "text {n}"}}\n' for n in range(60))
    packed = file("segments.jsonl.gz", gzip.compress(lines.encode()))
    client = as_user(alice)
    response = client.post(reverse("documents", args=["small"]), {"files": [packed]})
    assert [report.colour for report in response.context["reports"]] == ["ok"]
    first = client.get(reverse("documents", args=["small"]), {"start": "doc#"}).context["page"]
    rest = client.get(reverse("documents", args=["small"]), {"start": "doc#", "after": first.next}).context["page"]
    assert (len(first.documents), len(rest.documents), rest.next) == (50, 10, "")
    found = client.get(reverse("documents", args=["small"]), {"start": "doc#7"}).context["page"].documents
    assert [document.docid for document in found] == ["doc#7.0"]


def test_a_docid_with_a_nul_is_only_not_found(as_user, alice, documents):
    response = as_user(alice).get(reverse("documents", args=["small"]), {"start": "d\0x", "after": "\0"})
    assert response.status_code == 200


RUN = "q1 Q0 d1 1 2.0 mine\nq1 Q0 d2 2 1.0 mine\nq2 Q0 d1 1 2.0 mine\nq3 Q0 d1 1 2.0 mine\n"


def test_a_run_goes_in_under_its_tag(as_user, alice, topics, documents):
    response = as_user(alice).post(reverse("runs", args=["small"]), {"files": [file("whatever.txt", RUN)]})
    assert [report.status for report in response.context["reports"]] == ["stored"]
    run = Run.objects.get()
    assert (run.tag, run.lines, run.uploaded_by) == ("mine", 4, alice)


def test_a_bad_run_is_refused_with_every_line_and_nothing_of_it_is_stored(as_user, alice, topics):
    bad = "q1 Q0 d1 1 high mine\nq1 Q0 d2 2 mine\nq1 Q0 <b>d3</b> 3 nan mine\n"
    response = as_user(alice).post(reverse("runs", args=["small"]), {"files": [file("bad.txt", bad)]})
    assert {problem.line for problem in response.context["reports"][0].problems} == {1, 2, 3}
    assert "<b>d3</b>" not in response.content.decode()
    assert not Run.objects.exists()
    assert not Document.objects.exists()


def test_of_a_thousand_problems_a_hundred_are_shown_and_all_can_be_kept(as_user, alice, topics):
    bad = "".join(f"q1 Q0 d{line} 1 high mine\n" for line in range(1000))
    response = as_user(alice).post(reverse("runs", args=["small"]), {"files": [file("bad.txt", bad)]})
    page = response.content.decode()
    assert page.count('<strong class="num">line ') == 100
    assert "Download all 1,000" in page
    assert "line 1000: " in page


def test_the_same_tag_needs_the_tick_to_be_replaced(as_user, alice, topics):
    client, address = as_user(alice), reverse("runs", args=["small"])
    statuses = []
    other = RUN.replace("2.0", "3.0")
    for text, more in ((RUN, {}), (RUN, {}), (other, {}), (other, {"replace": "on"})):
        response = client.post(address, {"files": [file("r.txt", text)]} | more)
        statuses.append(response.context["reports"][0].status)
    assert statuses == ["stored", "unchanged", "refused", "replaced"]


def test_unknown_topics_are_an_error_until_the_tick_skips_them(as_user, alice, topics):
    client, address = as_user(alice), reverse("runs", args=["small"])
    text = RUN + "q99 Q0 d1 1 2.0 mine\n"
    refused = client.post(address, {"files": [file("r.txt", text)]}).context["reports"][0]
    stored = client.post(address, {"files": [file("r.txt", text)], "skip_unknown_topics": "on"}).context["reports"][0]
    assert (refused.status, refused.problems[0].line, stored.status) == ("refused", 5, "stored")


def test_a_run_shows_the_ranking_of_the_chosen_topic(as_user, vera, runs, topics):
    address = reverse("run", args=["small", runs[1].pk])
    response = as_user(vera).get(address, {"topic": topics[1].pk})
    rows = response.context["ranking"].rows
    assert [(row.rank, row.document.docid, row.score) for row in rows[:2]] == [(1, "d6", 6.0), (2, "d5", 5.0)]
    assert "topics are missing" in response.content.decode()
    assert as_user(vera).get(address, {"topic": topics[2].pk}).status_code == 404


def test_assessors_are_listed_with_their_grades(as_user, vera, nist, assessor_bob):
    rows = {row.assessor.name: row for row in as_user(vera).get(reverse("assessors", args=["small"])).context["rows"]}
    assert [bar.count for bar in rows["nist"].bars] == [2, 0, 1, 1]
    assert [bar.height for bar in rows["nist"].bars] == [30, 0, 15, 15]
    assert (rows["nist"].judged, rows["nist"].unjudgeable, rows["bob"].judged) == (4, 1, 0)


def test_a_viewer_sees_no_way_to_import_or_export(as_user, vera, nist, runs):
    page = as_user(vera).get(reverse("assessors", args=["small"])).content.decode()
    assert "Import qrels" not in page
    assert "/qrels/" not in page
    assert "Upload runs" not in as_user(vera).get(reverse("runs", args=["small"])).content.decode()


def test_qrels_come_in_under_a_name_and_go_out_as_they_were(as_user, alice, topics):
    client = as_user(alice)
    data = {"assessor_name": "trec", "files": [file("x.qrels", "q1 0 d1 3\nq1 0 d2 0\nq2 0 d1 1\n")]}
    assert client.post(reverse("assessors", args=["small"]), data).context["reports"][0].status == "stored"
    trec = Judgment.objects.first().assessor
    response = client.get(reverse("qrels_export", args=["small", trec.pk]))
    assert response.getvalue().decode() == "q1 0 d1 3\nq1 0 d2 0\nq2 0 d1 1\n"
    assert response.headers["Content-Type"].startswith("text/plain")
    assert "small.trec.qrels" in response.headers["Content-Disposition"]


def test_two_qrels_files_under_one_name_are_refused(as_user, alice, topics):
    data = {"assessor_name": "trec", "files": [file("a", "q1 0 d1 3\n"), file("b", "q1 0 d1 2\n")]}
    assert (
        "One qrels file at a time" in as_user(alice).post(reverse("assessors", args=["small"]), data).content.decode()
    )
    assert not Judgment.objects.exists()

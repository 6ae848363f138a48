"""The report of a track: by command and from the page, without the network."""

import base64
import re

import pytest
from django.core.management import call_command
from django.urls import reverse

from assessment import reports
from assessment.domain.errors import DomainError
from assessment.models import Assessor, Judgment


@pytest.fixture
def umbrela(track, topics, documents):
    umbrela = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="umbrela", caveat="Be careful.")
    Judgment.objects.bulk_create(
        Judgment(assessor=umbrela, topic=topics[0], document=document, grade=grade)
        for document, grade in zip(documents, [3, 3, 0], strict=False)
    )
    return umbrela


def test_the_command_writes_one_file_that_needs_nothing_else(track, runs, nist, umbrela, tmp_path, capsys):
    path = tmp_path / "report.html"
    call_command("report", "small", "--manual", "nist", "--automatic", "umbrela", "--output", str(path))
    assert capsys.readouterr().out == f"{path}\n"
    text = path.read_text()
    assert not re.findall(r'(?:src|href)="(?!data:)', text)
    assert "<script" not in text
    assert "τ = 1.0000" in text
    assert "Be careful." in text
    assert all(run.sha256 in text for run in runs)
    assert "python3 manage.py compare small --manual nist --automatic umbrela --measure nDCG@10 --format json" in text
    assert "python3 manage.py leaderboard small --qrels nist --measures nDCG@10 --format csv" in text
    images = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)
    assert len(images) == 4 + 2
    assert all(base64.b64decode(image).startswith(b"<svg") for image in images)


def test_several_judges_stand_side_by_side_in_the_report(track, runs, nist, umbrela, topics, documents, tmp_path):
    other = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="other")
    Judgment.objects.create(assessor=other, topic=topics[0], document=documents[4], grade=3)
    path = tmp_path / "report.html"
    words = ["--manual", "nist", "--automatic", "other", "--automatic", "umbrela", "--samples", "100"]
    call_command("report", "small", *words, "--output", str(path))
    text = path.read_text()
    assert "The automatic assessors side by side" in text
    assert "--samples 100" in text
    assert text.index("<h2>umbrela against nist") < text.index("<h2>other against nist")


def test_nobody_said_whom_to_compare(track, runs, nist, umbrela, tmp_path):
    path = tmp_path / "report.html"
    call_command("report", "small", "--output", str(path))
    assert "<h2>umbrela against nist" in path.read_text()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--output", "report.docx"], "neither in .html nor in .pdf"),
        (["--output", "/nowhere/at/all.html"], "No such file or directory"),
        (["--measure", "F1"], "is not known"),
    ],
)
def test_what_cannot_be_written_is_refused_with_a_sentence(track, runs, nist, umbrela, words, said):
    with pytest.raises(DomainError, match=said):
        call_command("report", "small", "--samples", "10", *words)


def test_a_track_with_one_assessor_or_without_runs_has_no_report(track, nist, topics, documents):
    with pytest.raises(DomainError, match="Fewer than two assessors"):
        call_command("report", "small")
    other = Assessor.objects.create(track=track, kind=Assessor.Kind.IMPORTED, name="other")
    Judgment.objects.create(assessor=other, topic=topics[0], document=documents[0], grade=1)
    with pytest.raises(DomainError, match="has no runs yet"):
        call_command("report", "small")


@pytest.mark.skipif(not reports.browser_path(), reason="There is no Chromium here to print a PDF with.")
def test_the_report_is_printed_where_a_browser_is_found(track, runs, nist, umbrela, tmp_path):
    path = tmp_path / "report.pdf"
    call_command("report", "small", "--samples", "10", "--output", str(path))
    assert path.read_bytes().startswith(b"%PDF")


def test_without_a_browser_the_page_offers_html_alone(client, vera, track, runs, nist, umbrela, monkeypatch):
    monkeypatch.setattr(reports, "BROWSERS", ())
    client.force_login(vera)
    address = reverse("report", args=["small"])
    page = client.get(address).content.decode()
    assert "Download HTML" in page
    assert "Download PDF" not in page
    refused = client.get(address, {"format": "pdf"})
    assert "No Chromium is installed here" in refused.content.decode()
    answer = client.get(address, {"format": "html", "manual": "nist", "automatic": "umbrela"})
    assert answer["Content-Disposition"] == 'attachment; filename="small-report.html"'
    assert b"umbrela against nist" in answer.content

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.urls import reverse

from assessment.domain.errors import DomainError, FileError
from assessment.models import Run
from assessment.services.imports import run_details_import


def details():
    return {run.tag: (run.team, run.kind) for run in Run.objects.all()}


def imported(track, text):
    return run_details_import(track=track, source=io.BytesIO(text.encode()), name="runs.csv")


def test_a_file_says_which_team_sent_which_run(track, runs):
    result = imported(track, "type,run,team\nmanual, up ,Orca\n\nautomatic,down,\n")
    assert (result.status, result.summary) == ("replaced", "2 runs named, 2 changed.")
    assert details() == {"up": ("Orca", "manual"), "down": ("", "automatic")}
    assert imported(track, "run,type\nup,manual\n").status == "unchanged"
    assert details()["up"] == ("Orca", "manual")  # no column team: left as it is
    imported(track, 'run,models\nup,"gpt-4o, bge"\n')
    assert Run.objects.get(tag="up").language_models == "gpt-4o, bge"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 0|empty"),
        ("run,crew\nup,Orca\n", "unknown column 'crew'"),
        ("team\nOrca\n", "the column run is missing"),
        ("run,team,team\nup,a,b\n", "twice"),
        ("run,team\nup,Orca\nup,Lynx\n", "line 3: this run is already on line 2"),
        ("run,team\nsideways,Orca\n", "line 2: the track has no such run"),
        ("run,team\nup\n", "line 2: 1 cells instead of 2"),
        (f"run,team\nup,{'x' * 121}\n", "line 2: the team is longer than 120 characters"),
    ],
)
def test_a_bad_file_is_refused_whole_with_its_line(track, runs, text, problem):
    with pytest.raises(FileError) as error:
        imported(track, text)
    said = " ".join(map(str, error.value.problems))
    assert any(part in said for part in problem.split("|"))
    assert details() == {"up": ("", ""), "down": ("", "")}


def test_every_problem_is_told_and_nothing_stored(track, runs):
    with pytest.raises(FileError) as error:
        imported(track, "run,team\nup,Orca\nsideways,Lynx\nback,Lynx\n")
    assert [problem.line for problem in error.value.problems] == [3, 4]
    assert details()["up"] == ("", "")


def test_the_command_and_the_page_take_it(client, alice, track, runs, tmp_path, capsys):
    path = tmp_path / "runs.csv"
    path.write_text("run,team\nup,Orca\n")
    call_command("describe_runs", "small", str(path))
    assert "1 run named, 1 changed" in capsys.readouterr().out
    with pytest.raises(DomainError, match="Nothing was stored"):
        call_command("describe_runs", "small", str(tmp_path / "missing.csv"))
    client.force_login(alice)
    address = reverse("run_details", args=["small"])
    page = client.post(address, {"files": SimpleUploadedFile("runs.csv", b"run,type\ndown,manual\n")}).content.decode()
    assert "1 run named, 1 changed" in page
    assert "<td>manual</td>" in page
    refused = client.post(address, {"files": SimpleUploadedFile("runs.csv", b"run,type\nback,manual\n")})
    assert "the track has no such run" in refused.content.decode()
    assert client.get(address).status_code == 405

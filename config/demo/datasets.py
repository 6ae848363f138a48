"""What the demo ships: for each track its description, and the files that the ordinary importers load.

`data/<slug>/track.yaml` names the files and holds the scale, guidelines, licence and attribution.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class DemoGrade:
    """A grade of the relevance scale: its number, the key that gives it, its name and meaning."""

    grade: int
    key: str
    label: str
    definition: str


@dataclass(frozen=True)
class DemoQrels:
    """A qrels file, the assessor it is of, and who made its grades: "person" or "model"."""

    assessor: str
    path: Path
    made_by: str


@dataclass(frozen=True)
class DemoAssignments:
    """A file of nugget assignments, the assessor whose labels it holds, and the bank that its nuggets make."""

    assessor: str
    bank: str
    path: Path


@dataclass(frozen=True)
class DemoTrack:
    """A shipped track. Paths are of files in the standard formats, some gzipped; `documents` is None without text."""

    slug: str
    name: str
    description: str
    relevant_from: int
    guidelines: str
    scale: tuple[DemoGrade, ...]
    topics: Path
    documents: Path | None
    run_files: tuple[Path, ...] = field(repr=False)
    built_runs: tuple[str, ...]  # names of assessment.domain.retrieval.MODELS
    qrels: tuple[DemoQrels, ...]
    assignments: tuple[DemoAssignments, ...]
    licence: str
    licence_file: Path | None
    attribution: str
    source: str

    def runs(self) -> Iterator[tuple[str, bytes]]:
        """(name, content) of each run file shipped; an archive's members in the order of their names."""
        for path in self.run_files:
            if path.name.endswith(".tar.xz"):
                yield from _members(path)
            else:
                yield path.stem, path.read_bytes()


def _members(archive: Path) -> Iterator[tuple[str, bytes]]:
    # Read in the archive's own order first: going back in an xz stream would decompress it again.
    with tarfile.open(archive) as files:
        contents = {member.name: files.extractfile(member).read() for member in files if member.isfile()}
    yield from sorted(contents.items())


def read_track(folder: Path) -> DemoTrack:
    """The track that `folder`/track.yaml describes."""
    described = yaml.safe_load((folder / "track.yaml").read_text(encoding="utf-8"))
    for name in ("topics", "documents", "licence_file"):
        described[name] = folder / described[name] if described[name] else None
    described["run_files"] = tuple(folder / name for name in described.pop("runs"))
    described["built_runs"] = tuple(described["built_runs"])
    described["scale"] = tuple(DemoGrade(**grade) for grade in described["scale"])
    described["qrels"] = tuple(
        DemoQrels(row["assessor"], folder / row["file"], row["made_by"]) for row in described["qrels"]
    )
    described["assignments"] = tuple(
        DemoAssignments(row["assessor"], row["bank"], folder / row["file"]) for row in described.get("assignments", ())
    )
    return DemoTrack(**described)


DEMO_TRACKS = tuple(read_track(DATA / slug) for slug in ("csfcube", "dl21", "rag24"))

"""Fixtures for tests on real data that may not be shipped with the project."""

import os
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def real_data() -> Path:
    folder = Path(os.environ.get("ASSAY_DATA") or CHECKOUT / "../shared/data")
    if not folder.is_dir():
        pytest.skip("Set ASSAY_DATA to the folder with the public TREC data to run this test.")
    return folder

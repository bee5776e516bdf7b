# SPDX-License-Identifier: GPL-2.0-only
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def scenarios():
    """The folder of the scenarios that lvslab ships."""
    return ROOT / "scenarios"

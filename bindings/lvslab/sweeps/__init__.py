# SPDX-License-Identifier: GPL-2.0-only
"""Sweeps: a scenario at many points of its parameters, with many seeds, on many processors.

docs/sweeps.md is the guide; `python3 -m lvslab.sweeps SWEEP.yaml` is `lvslab sweep`.
"""
from .findings import BadInput, Finding
from .result import SweepResult, run_sweep

__all__ = ["BadInput", "Finding", "SweepResult", "run_sweep"]

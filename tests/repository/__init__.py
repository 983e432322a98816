"""Tests of the repository itself: who imports whom, and facts that stand in more than one file."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INTEGRATION = ROOT / "custom_components" / "atess"

"""Hostile inputs for every reader of files and messages: ``python -m fuzzing.run`` makes and judges them."""

import sys
from pathlib import Path

# Valid inputs to start from come from the builders that the tests share.
sys.path.append(str(Path(__file__).resolve().parents[1] / "test" / "sets"))

"""Puts this folder's helper modules within reach by plain names."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

"""Contrastive learning from a user's own pairs of pictures and texts."""

from secondlook.training.alignment.config import AlignmentConfig
from secondlook.training.alignment.learn import LearnedAlignment, learn_alignment
from secondlook.training.alignment.pairs import Pair
from secondlook.training.alignment.ranks import Retrieval

__all__ = ["AlignmentConfig", "LearnedAlignment", "Pair", "Retrieval", "learn_alignment"]

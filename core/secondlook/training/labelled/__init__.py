"""Learning from labelled or decided cases: the head first, then LoRA; the better one is kept."""

from secondlook.training.labelled.cases import LabelledCase, Picture
from secondlook.training.labelled.config import LabelledConfig, TuneConfig
from secondlook.training.labelled.learn import LearnedLabelled, learn_labelled

__all__ = [
    "LabelledCase",
    "LabelledConfig",
    "LearnedLabelled",
    "Picture",
    "TuneConfig",
    "learn_labelled",
]

"""Backbones, adapters and what is computed with them. torch lives here and in training only."""

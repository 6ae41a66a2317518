"""Synthetic defects, painted on pictures of good parts, with the mask of what was painted.

A network that must find them learns what the good parts look like without one real defect:
Li et al., "CutPaste", CVPR 2021, arXiv 2104.04015; Schlueter et al., "Natural Synthetic
Anomalies", ECCV 2022, arXiv 2109.15222; Zavrtanik et al., "DRAEM", ICCV 2021, arXiv 2108.07610.
"""

from secondlook.training.defects.paint import KINDS, Painted, paint

__all__ = ["KINDS", "Painted", "paint"]

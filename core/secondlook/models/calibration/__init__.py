"""From scores to statements that can be held to: probabilities, sets, thresholds, and how sure.

Everything is fitted on cases that the model had not seen, and says how far a sample of that size
can be trusted. No part needs torch.
"""

from secondlook.models.calibration.answers import AnswerCalibration, Unseen, fit_answers
from secondlook.models.calibration.bands import Band, Bands, fit_bands
from secondlook.models.calibration.blend import Blend, fit_blend
from secondlook.models.calibration.conformal import ConformalSets, fit_conformal
from secondlook.models.calibration.familiarity import (
    FamiliarityRule,
    fit_familiarity,
    neighbour_distances,
)
from secondlook.models.calibration.operating import OperatingPoint, fit_operating_points
from secondlook.models.calibration.plain import from_plain, to_plain
from secondlook.models.calibration.reliability import (
    Bin,
    brier,
    expected_calibration_error,
    reliability,
)
from secondlook.models.calibration.temperature import Temperature, fit_temperature
from secondlook.models.calibration.threshold import LEAST_GOODS, Threshold, calibrate

__all__ = [
    "LEAST_GOODS",
    "AnswerCalibration",
    "Band",
    "Bands",
    "Bin",
    "Blend",
    "ConformalSets",
    "FamiliarityRule",
    "OperatingPoint",
    "Temperature",
    "Threshold",
    "Unseen",
    "brier",
    "calibrate",
    "expected_calibration_error",
    "fit_answers",
    "fit_bands",
    "fit_blend",
    "fit_conformal",
    "fit_familiarity",
    "fit_operating_points",
    "fit_temperature",
    "from_plain",
    "neighbour_distances",
    "reliability",
    "to_plain",
]

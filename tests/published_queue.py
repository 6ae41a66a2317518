"""A department like the one of PMC8128725 (Baltruschat et al., Eur Radiol 2021): one list of chest
radiographs that is nearly always full by day, and a machine that misses some of what is critical.

The figures are made up to be of that kind. What is compared is the pattern, never the minutes.
"""

from radiology_assistant.policy_settings import TriageSettings
from secondlook_workflows.simulate import SimulateConfig
from secondlook_workflows.simulating.site import Rates, Site

CRITICAL = "pneumothorax"
PROFILE = (*[0.25] * 7, 0.6, *[1.8] * 9, 1.2, *[0.6] * 6)
"""Most come by day."""
RATES = {
    CRITICAL: Rates(prevalence=0.03, sensitivity=0.85, specificity=0.97),
    "pulmonary_oedema": Rates(prevalence=0.10, sensitivity=0.85, specificity=0.90),
    "pleural_effusion": Rates(prevalence=0.20, sensitivity=0.85, specificity=0.90),
    "pneumonia": Rates(prevalence=0.12, sensitivity=0.80, specificity=0.88),
}
QUEUE = TriageSettings(routine_minutes=360, urgent_minutes=120, not_assessed_minutes=120).queue()


def site() -> Site:
    """Five an hour, nine minutes each."""
    return Site(per_hour=5.0, minutes=9.6, rates=RATES, profile=PROFILE)


def config(*, runs: int = 20, seed: int = 0) -> SimulateConfig:
    """Sixty days a run."""
    return SimulateConfig(domain="radiology-assistant", runs=runs, seed=seed, days=60)

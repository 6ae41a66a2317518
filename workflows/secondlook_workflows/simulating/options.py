"""What the options of `simulate` say."""

from collections.abc import Iterable
from datetime import timedelta

from secondlook.errors import UsageError
from secondlook_workflows.simulating.site import Rates


def parse_rates(texts: Iterable[str]) -> dict[str, Rates]:
    """`pneumothorax=0.03,0.8,0.97` by label. UsageError that shows the form."""
    return dict(_rates(x) for x in texts)


def parse_waits(texts: Iterable[str]) -> dict[str, timedelta | None]:
    """`routine=1440` by band; 0 is no limit. UsageError that shows the form."""
    return dict(_wait(x) for x in texts)


def _rates(text: str) -> tuple[str, Rates]:
    label, _, numbers = text.partition("=")
    try:
        prevalence, sensitivity, specificity = (float(x) for x in numbers.split(","))
        if not all(0 <= x <= 1 for x in (prevalence, sensitivity, specificity)):
            raise ValueError
    except ValueError:
        raise UsageError(
            f"cannot read the finding {text!r}: write LABEL=PREVALENCE,SENSITIVITY,SPECIFICITY, "
            "each from 0 to 1"
        ) from None
    return label, Rates(prevalence=prevalence, sensitivity=sensitivity, specificity=specificity)


def _wait(text: str) -> tuple[str, timedelta | None]:
    band, _, minutes = text.partition("=")
    try:
        wait = timedelta(minutes=float(minutes))
        if wait < timedelta():
            raise ValueError
    except (ValueError, OverflowError):
        raise UsageError(f"cannot read the limit {text!r}: write BAND=MINUTES") from None
    return band, wait or None

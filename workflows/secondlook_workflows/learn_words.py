"""learn --words: compare pictures with the words of findings, by a pair that brings a shared space.

Nothing is learned. What makes an adapter of it is that a person says so, and for which pictures:
without that act the images of a domain are not assessed.
"""

from typing import TYPE_CHECKING

from secondlook.domain import Domain
from secondlook.eligibility import SHAPE, Eligibility
from secondlook.errors import UsageError
from secondlook_workflows.adapters import free_version
from secondlook_workflows.context import Context
from secondlook_workflows.learning import LearnConfig, Learned, Task

if TYPE_CHECKING:
    from secondlook.models.adapters import Adapter

KINDS = ("picture", "volume")
NO_CHANCES = (
    "likeness to words orders findings and is no chance of any: no threshold, no finding and no band "
    "comes of it, and exams stay not assessed"
)


def learn_from_words(task: Task, context: Context) -> Learned:
    """The adapter that the words of the domain's labels make.

    Raises UsageError for what it cannot be bound to, ModelError where the backbone reads no texts
    or has no shared space.
    """
    from secondlook.models.alignment import pair_in
    from secondlook.models.zero_shot import read_labels

    prompts = _prompts(task.config.prompt)
    read_labels(pair_in(task.vision), task.domain.taxonomy, prompts=prompts)  # what cannot be, now
    adapter = _adapter(task, prompts, context)
    bound = adapter.eligibility
    said = () if bound is None else (f"it looks at: {'; '.join(bound.lines())}",)
    return Learned(adapter=adapter, metrics={}, notes=(NO_CHANCES, *said))


def check_words(config: LearnConfig, domain: Domain) -> None:
    """Raises UsageError where the words of the call make no sense together."""
    if not domain.eligible_by:
        raise UsageError(
            f"--words is for domains that bind their adapters to facts of pictures, and "
            f"{domain.title} binds them to none"
        )
    if not config.eligible:
        raise UsageError(
            f"say which pictures the words are for: --eligible {domain.eligible_by[0]}=VALUES, of "
            f"{', '.join((SHAPE, *domain.eligible_by))}; no cases were given that would tell"
        )
    if config.align:
        raise UsageError("--words learns nothing, --align learns from cases: give one of them")
    check_prompt(config.prompt)


def check_prompt(prompt: str | None) -> None:
    """Raises UsageError for a form of texts without a place for a label."""
    if prompt is not None and ("{label}" not in prompt or not prompt.isprintable()):
        raise UsageError(
            f"--prompt {prompt!r} has no place for a label: write {{label}} where its title "
            'belongs, as in "a steel surface with {label}"'
        )


def _prompts(prompt: str | None) -> tuple[str, ...]:
    from secondlook.models.resembling import template
    from secondlook.models.zero_shot import PROMPTS

    return PROMPTS if prompt is None else (template(prompt),)


def _adapter(task: Task, prompts: tuple[str, ...], context: Context) -> "Adapter":
    from secondlook.models.adapter_card import WordsCard
    from secondlook.models.adapters import Adapter
    from secondlook.training.new_card import new_card

    config, names = task.config, task.domain.eligible_by
    anything = Eligibility(values={SHAPE: KINDS})
    words = WordsCard(
        prompts=prompts,
        labels=task.domain.taxonomy.codes,
        eligibility=anything.narrowed_to(config.eligible, names),
    )
    card = new_card(
        domain=config.domain,
        product=config.product,
        version=free_version(config.domain, config.product, context),
        vision=task.name,
        backbone=task.vision,
        words=words,
    )
    return Adapter(card=card)

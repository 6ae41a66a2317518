"""When the inspector does not judge a part, and what a person can do about it."""

from defect_inspector.naming import NAME
from secondlook import Abstention, Case, ModelOutputs


def abstain(case: Case, outputs: ModelOutputs) -> Abstention | None:
    """Why the part cannot be judged; None where it can."""
    if not case.images():
        return Abstention(
            part="case",
            reason="no_image",
            message="The case has no picture that can be inspected: add one.",
        )
    product = f" --product {case.product}" if case.product else ""
    if not outputs.images and outputs.answers is None:
        return Abstention(
            part="image",
            reason="no_adapter",
            message=(
                "No adapter fits, so the image was not inspected. Learn one from pictures of good "
                f"parts: secondlook learn {NAME} --goods DIR{product}"
            ),
        )
    return _picture(outputs) or _labels(outputs, product)


def _picture(outputs: ModelOutputs) -> Abstention | None:
    """How a picture was taken comes first: it says why the part looks like no other."""
    bad = dict.fromkeys(sentence for x in outputs.images for sentence in x.condition)
    if bad:
        said = "; ".join(bad)
        message = f"{said[:1].upper()}{said[1:]}. Take it again, or look at the part itself."
        return Abstention(part="image", reason="condition", message=message)
    strange = sum(x.unfamiliar for x in outputs.images)
    if not strange:
        return None
    return Abstention(
        part="image",
        reason="unfamiliar",
        message=(
            f"{strange} of {len(outputs.images)} pictures look like no such part at all, so "
            "what was found there may be no defect, and what was not found may be one. Check "
            "that the product and the picture are right, or learn again with such pictures."
        ),
    )


def _labels(outputs: ModelOutputs, product: str) -> Abstention | None:
    answers = None if outputs.images else outputs.answers
    if answers is not None and not answers.tells:
        return Abstention(
            part="image",
            reason="only_kinds",
            message=(
                "The adapter has learned kinds of defect and no good parts, so whether there is a "
                "defect was not judged. Learn again with parts labelled `good`, or from good "
                f"parts: secondlook learn {NAME} --goods DIR{product}"
            ),
        )
    if answers is not None and answers.unfamiliar:
        return Abstention(
            part="image",
            reason="unfamiliar",
            message=(
                "The part looks like none that the adapter has learned from, so its kind of "
                "defect cannot be told. Check that the product is right, or learn again with it."
            ),
        )
    return None

"""What a person is told of series that are no volume to rely on, when their files are taken in."""

from collections.abc import Iterator

from secondlook import NewCase, stacks_of


def series_notes(case: NewCase) -> Iterator[str]:
    """A line for each stack of slices with a problem; the code stands first."""
    for stack in stacks_of(case.attachments):
        if stack.problems:
            what = f"{stack.plane or 'a'} series of {stack.slices} slices"
            codes, words = ", ".join(stack.problems), "; ".join(stack.remarks)
            yield f"{case.title}: {what}: {codes}: {words}"

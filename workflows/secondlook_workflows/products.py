"""Names of products: they become folders, so not every text will do."""

import re

from secondlook.errors import UsageError

NAME = re.compile(r"\w[\w .+-]{0,63}", re.UNICODE)


def check_product(name: str | None) -> None:
    """Raise UsageError unless the name is fit to name a folder; None is no product at all."""
    if name is not None and (NAME.fullmatch(name) is None or name.endswith((" ", "."))):
        raise UsageError(
            f"{name!r} cannot name a product: use up to 64 letters, digits, spaces and . + - _, "
            "with a letter or digit at the beginning"
        )

"""A part of a picture around one place, at a scale that is good to measure on."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Mask = NDArray[np.bool_]
    Floats = NDArray[np.float32]

FINEST, SIDE, LARGEST = 4, 160, 640
"""Small windows are drawn up to 4 times larger towards 160 pixels; large ones brought to 640."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Rows `top` to `bottom` and columns `left` to `right` (exclusive) of a picture of `size`."""

    top: int
    bottom: int
    left: int
    right: int
    size: tuple[int, int]
    """Height and width of the picture."""

    @classmethod
    def around(
        cls, box: tuple[int, int, int, int], margin: float, size: tuple[int, int]
    ) -> "Window":
        """A box (rows, then columns) with a margin on each side, as far as the picture goes."""
        top, bottom, left, right = box
        return cls(
            top=max(0, int(top - margin)),
            bottom=min(size[0], int(bottom + margin + 1)),
            left=max(0, int(left - margin)),
            right=min(size[1], int(right + margin + 1)),
            size=size,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of what is drawn from it."""
        height, width = self.bottom - self.top, self.right - self.left
        largest = max(height, width)
        factor = min(FINEST, max(1.0, SIDE / largest), LARGEST / largest)
        return max(1, round(height * factor)), max(1, round(width * factor))

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the picture per pixel that is drawn, down and across."""
        rows, columns = self.shape
        return (self.bottom - self.top) / rows, (self.right - self.left) / columns

    def draw(self, pixels: "NDArray[np.uint8]") -> "Floats":
        """The picture (H, W, C) in this window, (*shape, C)."""
        from skimage.transform import resize

        cut = pixels[self.top : self.bottom, self.left : self.right].astype("float32")
        shape = self.shape
        smaller = shape[0] < cut.shape[0] or shape[1] < cut.shape[1]
        drawn: Floats = resize(cut, (*shape, cut.shape[2]), order=1, anti_aliasing=smaller)
        return drawn

    def lay(self, scores: "Floats") -> "Floats":
        """A map of the whole picture, bilinear, in this window."""
        import numpy as np
        from scipy.ndimage import map_coordinates

        axes = [
            (first + (np.arange(n) + 0.5) * step) * cells / size - 0.5
            for first, n, step, cells, size in zip(
                (self.top, self.left), self.shape, self.scale, scores.shape, self.size, strict=True
            )
        ]
        grid = np.meshgrid(*axes, indexing="ij")
        found: Floats = map_coordinates(scores, grid, order=1, mode="nearest")
        return found

    def runs_out(self, mask: "Mask") -> bool:
        """Whether a place in it reaches a side of the window that is none of the picture."""
        sides = (
            (mask[0], self.top > 0),
            (mask[-1], self.bottom < self.size[0]),
            (mask[:, 0], self.left > 0),
            (mask[:, -1], self.right < self.size[1]),
        )
        return any(inside and side.any() for side, inside in sides)

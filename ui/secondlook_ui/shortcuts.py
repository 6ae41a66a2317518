"""Every key of the UI in one place: two buttons with one key would fire silently, both.

C and R belong to Streamlit and are refused by it, with modifiers too. No key fires while typing.
What is done on every case has a bare key; what is rare, or opens a form, may have Shift.
What the picture does by keys of its own stands here too, so that no key means two things.
"""

NEXT = "N"
SKIP = "S"
FIRST_LOOK = "M"
WORKLIST = "W"
BACK = "U"
"""Back to the case just decided, to change the decision."""
AGREE, EDIT, REJECT = "A", "E", "X"
"""Of the finding that is next; E also closes the form that it opened."""
ADD = "Y"
NEXT_FINDING = "Shift+N"
WHY = "Q"
UNDO = "Shift+U"
"""Shows what was decided last; once more takes the last of it back."""
PASS_ON = "Shift+H"
ESCALATE, HAND_OVER, PUT_BACK = "Shift+E", "Shift+G", "Shift+B"
ALL = (
    NEXT, SKIP, FIRST_LOOK, WORKLIST, BACK, AGREE, EDIT, REJECT, ADD, NEXT_FINDING, WHY, UNDO,
    PASS_ON, ESCALATE, HAND_OVER, PUT_BACK,
)  # fmt: skip
PICTURE = {
    "fit": ("F", "Fit the whole picture"),
    "actual": ("Z", "1:1, a pixel of the picture on one of the screen"),
    "in": ("+", "Larger (also Ctrl and wheel, or two fingers)"),
    "out": ("-", "Smaller"),
    "drag": ("D", "What dragging does: move or window (Shift or the right button: window)"),
    "mark": ("Shift+D", "Draw the place of a finding that is edited or added"),
    "ruler": ("L", "Ruler: drag from end to end"),
    "window": ("V", "Next window"),
    "windowBack": ("Shift+V", "Window before"),
    "invert": ("I", "Invert"),
    "boxes": ("B", "Marked places on or off"),
    "place": ("G", "Go to the next marked place"),
    "choose": ("Enter", "Choose the place gone to"),
    "map": ("O", "Map on or off"),
    "opacity": ("Shift+O", "Next strength of the map"),
    "next": ("J", "Next slice (also the wheel)"),
    "previous": ("K", "Slice before"),
    "first": ("Home", "First slice"),
    "last": ("End", "Last slice"),
    "play": ("Space", "Play and stop"),
    "picture": ("P", "Next picture or series"),
    "pictureBack": ("Shift+P", "Picture or series before"),
    "beside": ("T", "Two pictures side by side; again for the next one"),
    "left": ("ArrowLeft", "Move to the left"),
    "right": ("ArrowRight", "Move to the right"),
    "up": ("ArrowUp", "Move up"),
    "down": ("ArrowDown", "Move down"),
    "leave": ("Escape", "Close this sheet, take rulers away, end side by side"),
    "help": ("H", "This sheet"),
}
"""What the picture does, by its name in the viewer's JavaScript: the key, and the words for people.

Letters work wherever nobody types; the others while the picture has the focus or nothing has.
"""

SAVE_TABLE = "Shift+S"
"""The table that is drawn, as a file."""
VERIFY = "Shift+A"
"""Read the whole audit trail."""
SET_ROLE, PASSPHRASE, END_SESSIONS, DISABLE, ADD_PERSON = (
    "Shift+T",
    "Shift+J",
    "Shift+L",
    "Shift+X",
    "Shift+M",
)
"""What an owner does to people."""
FURTHER = (SAVE_TABLE, VERIFY, SET_ROLE, PASSPHRASE, END_SESSIONS, DISABLE, ADD_PERSON)
"""On pages without a case, where they mean nothing else either."""


def for_dispositions(count: int) -> tuple[str | None, ...]:
    """1 to 9 in the order the domain offers them; a tenth has no key."""
    return tuple(str(x) if x <= 9 else None for x in range(1, count + 1))

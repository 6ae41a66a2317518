"""What the radiology assistant is meant for; every reviewer acknowledges it before first use.

Change a word and everybody is asked again: give the text another version, and tell the change in
CHANGELOG.md.
"""

from secondlook import IntendedUse

INTENDED_USE = IntendedUse(
    version="1",
    text="""\
This is a research and workflow tool. It is not a medical device, and it must not be used to decide about the care of a
person.

It re-orders a list of imaging exams that wait to be read. It may raise the priority of an exam and never lowers one. An
exam that is brought forward makes others wait longer. Nothing else about an exam changes by it.

A person reads every exam in full: all images, all notes, also where something was found, and also where nothing was. What
it marks or quotes is a pointer, not a reading, and what it does not mark may still be there.

It is no rule-out. "Nothing found" does not say that an exam is normal, and no exam may be left unread because of it.

What was not assessed is not normal. An exam, a series or a file that could not be looked at says so with its reason and
waits in the list like any other.

Without a model learned from your own exams it does not look at images at all. With one, only exams that fit its card
(modality, body part, view, age) are assessed; read the card first (`secondlook adapters show`). Figures on it hold for the
exams that they were measured on. Measure on your own before you rely on the order (`secondlook evaluate`).

Numbers that are called probabilities are calibrated on past exams and may be wrong for yours. People follow wrong
advice: look first, then see what the machine says.

A faster list is not better care: no effect on the outcome of anybody is claimed.
""",
)

"""How a printed report looks: the same order and words as the page in HTML."""

from collections.abc import Iterable, Sequence
from typing import Any

from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import Flowable, KeepTogether, PageBreak, Paragraph, Spacer, Table

from defect_inspector.exports.content import Outcome, Pairs, Report
from defect_inspector.exports.fonts import ADVICE, Letters
from defect_inspector.exports.found import Clause, Found
from defect_inspector.exports.pictures import CloseUp, Pictured
from defect_inspector.exports.styles import (
    EAST_ASIAN,
    LINE,
    NEAR_COLUMNS,
    SHADE,
    STYLES,
    TONES,
    WIDTH,
    YELLOW,
    Rows,
    image,
    table,
)


class Layout:
    """Lays out one report."""

    def __init__(self, letters: Letters) -> None:
        self._letters = letters

    def story(self, report: Report) -> list[Flowable]:
        """A report from top to bottom, and the end of its page."""
        top = [self._text(report.kind.upper(), "kind"), self._text(report.title, "title")]
        rest = [
            self._pairs(report.about),
            Spacer(0, 4 * mm),
            self._outcomes(report),
            *self._cautions(report),
            *self._pictures(report),
            *(x for found in report.found for x in self._found(found)),
            *self._list("Earlier decisions, which no longer stand", report.earlier),
            *self._trail(report),
            PageBreak(),
        ]
        return [*top, *self._notice(), *rest]  # the notice last: only now it is known

    def nothing(self) -> list[Flowable]:
        """What a report of no case says."""
        return [self._text("No case was chosen for this report.")]

    def _notice(self) -> list[Flowable]:
        missing = sorted(self._letters.missing)
        if not missing:
            return []
        some = ", ".join(f"U+{ord(x):04X}" for x in missing[:12])
        more = " and others" if len(missing) > 12 else ""
        text = (
            f"Incomplete: no font on the machine that made this report prints {len(missing)} of "
            f"its letters ({some}{more}); they stand here as their numbers. To print them, "
            f"{ADVICE}."
        )
        return [self._text(text, "notice")]

    def _text(self, text: str, style: str = "body", *, tone: str | None = None) -> Paragraph:
        base = STYLES[style]
        changes: dict[str, Any] = {} if tone is None else {"textColor": TONES[tone]}
        if any(x >= EAST_ASIAN for x in text):
            changes["wordWrap"] = "CJK"
        if changes:
            base = ParagraphStyle(f"{style}-changed", base, **changes)
        return Paragraph(self._letters.markup(text, base.fontName), base)

    def _pairs(self, pairs: Pairs, style: str = "body") -> Table:
        rows = [[self._text(name, "small"), self._text(value, style)] for name, value in pairs]
        return table(rows, (38 * mm, WIDTH - 38 * mm), [("TOPPADDING", (0, 0), (-1, -1), 0.5)])

    def _outcomes(self, report: Report) -> Table:
        both = (report.recommended, report.decided)
        cells = [self._outcome(both[0]), "", self._outcome(both[1])]
        style: list[Any] = [("BOX", (i, 0), (i, 0), 0.5, LINE) for i in (0, 2)]
        for column, item in zip((0, 2), both, strict=True):
            style.append(("LINEBEFORE", (column, 0), (column, 0), 4, TONES[item.tone]))
        style += [
            ("LEFTPADDING", (0, 0), (-1, -1), 9),
            ("RIGHTPADDING", (0, 0), (-1, -1), 6),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 6),
        ]
        half = (WIDTH - 6 * mm) / 2
        return table([cells], (half, 6 * mm, half), style)

    def _outcome(self, item: Outcome) -> list[Flowable]:
        return [
            self._text(item.heading, "small"),
            self._text(item.title, "outcome", tone=item.tone),
            *(self._text(x, "cell") for x in item.told),
        ]

    def _cautions(self, report: Report) -> list[Flowable]:
        differs = "The person decided otherwise than the machine recommends."
        said = [Spacer(0, 3 * mm), self._text(differs, "strong")] if report.differs else []
        return [*said, *self._list("To bear in mind", report.cautions)]

    def _list(self, heading: str, lines: Iterable[str]) -> list[Flowable]:
        told = [self._text(f"– {x}") for x in lines]
        return [self._text(heading, "section"), *told] if told else []

    def _pictures(self, report: Report) -> list[Flowable]:
        shown: list[Flowable] = [self._text("What was seen", "section")]
        for picture in report.pictures:
            shown += self._picture(picture)
        if not report.pictures:
            shown.append(self._text("There is no picture that can be shown."))
        elif report.pictures_left_out:
            further = f"{report.pictures_left_out} further pictures of this part are not shown."
            shown.append(self._text(further, "small"))
        return shown

    def _picture(self, picture: Pictured) -> list[Flowable]:
        half = (WIDTH - 6 * mm) / 2
        caption = self._text(f"{picture.name}: {picture.told}", "small")
        views: list[Any] = [[image(picture.marked, half, 95 * mm), caption]]
        if picture.overlay is not None:
            told = self._text(picture.overlay_told, "small")
            views.append([image(picture.overlay, half, 95 * mm), told])
        cells = [*views, *[""] * (2 - len(views))]
        both = table([[cells[0], "", cells[1]]], (half, 6 * mm, half), [])
        near = [self._close_up(x) for x in picture.close_ups]
        rows = [near[i : i + NEAR_COLUMNS] for i in range(0, len(near), NEAR_COLUMNS)]
        rows = [[*x, *[""] * (NEAR_COLUMNS - len(x))] for x in rows]  # type: ignore[list-item]
        shown: list[Flowable] = [both]
        if rows:
            shown.append(table(rows, (WIDTH / NEAR_COLUMNS,) * NEAR_COLUMNS, []))
        if picture.close_ups_left_out:
            further = f"{picture.close_ups_left_out} further places are not shown from near."
            shown.append(self._text(further, "small"))
        return shown

    def _close_up(self, view: CloseUp) -> list[Flowable]:
        side = WIDTH / NEAR_COLUMNS - 3 * mm
        told = f"{view.name}: {view.told}" if view.told else view.name
        return [image(view.jpeg, side, side), self._text(told, "small")]

    def _found(self, found: Found) -> list[Flowable]:
        head: list[Flowable] = [self._text(found.title, "found")]
        head += [self._text(x) for x in found.told]
        shown: list[Flowable] = [KeepTogether(head)]
        if found.measured:
            rows = [[self._text(x, "cell") for x in row] for row in found.measured]
            shown.append(self._grid(("Place", "Measured"), rows, (25 * mm, WIDTH - 25 * mm)))
        if found.clauses:
            shown.append(self._clauses(found.clauses))
        if found.passages:
            text = "No clause was held against it. The manual says near this subject:"
            shown.append(self._text(text))
            shown += [
                x
                for place, quote in found.passages
                for x in (self._text(f"“{quote}”"), self._text(place, "small"))
            ]
        if found.silent:
            shown.append(self._text(found.silent))
        return shown

    def _clauses(self, clauses: Sequence[Clause]) -> Table:
        names = ("Place", "Clause of the manual", "Measured", "Limit", "Outcome")
        widths = tuple(x * mm for x in (16, 76, 28, 28, 32))
        rows = [
            [
                self._text(x.region, "cell"),
                [
                    self._text(f"{x.number} “{x.text}”".strip(), "cell"),
                    self._text(x.place, "small"),
                ],
                self._text(x.measured, "cell"),
                self._text(x.limit, "cell"),
                self._verdict(x),
            ]
            for x in clauses
        ]
        decisive = [i for i, x in enumerate(clauses, start=1) if x.decides]
        shade = [("BACKGROUND", (0, i), (-1, i), YELLOW) for i in decisive]
        return self._grid(names, rows, widths, shade)

    def _verdict(self, clause: Clause) -> list[Flowable]:
        said = [self._text(f"{clause.verdict}; asks for {clause.asks_for}", "cell")]
        if clause.decides:
            said.append(self._text("This clause decides.", "head", tone="bad"))
        if clause.note:
            said.append(self._text(clause.note, "small"))
        return said  # type: ignore[return-value]

    def _grid(
        self, names: Sequence[str], rows: Rows, widths: Sequence[float], style: Sequence[Any] = ()
    ) -> Table:
        head = [self._text(x, "head") for x in names]
        lines = [
            ("GRID", (0, 0), (-1, -1), 0.4, LINE),
            ("BACKGROUND", (0, 0), (-1, 0), SHADE),
            ("LEFTPADDING", (0, 0), (-1, -1), 4),
            ("RIGHTPADDING", (0, 0), (-1, -1), 4),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
            *style,
        ]
        return table([head, *rows], widths, lines, repeat=1, space=2 * mm)

    def _trail(self, report: Report) -> list[Flowable]:
        shown: list[Flowable] = []
        if report.provenance:
            shown += [self._text("Where the first look comes from", "section")]
            shown += [self._pairs(report.provenance, "small")]
        if report.audit:
            shown += [self._text("Audit trail", "section"), self._pairs(report.audit, "small")]
        if report.audit_line:
            shown += [
                self._text(
                    "To check that the decision stands as printed: save the next line as a file "
                    "and run `secondlook db verify-audit --against FILE` in the workspace it was "
                    "made in.",
                    "small",
                ),
                self._text(report.audit_line, "line"),
            ]
        return shown

"""What a surface inspection may find, and the outcomes an inspector chooses from.

The descriptions are written in the words of manuals: their passages are compared with them.
"""

from collections.abc import Mapping

from secondlook import Disposition, Label, Taxonomy

ANOMALY = "anomaly"

GRADES = (
    Label(code="minor", title="minor", description="minor, of appearance only"),
    Label(code="major", title="major", description="major, impairs use"),
    Label(code="critical", title="critical", description="critical, a danger in use"),
)
"""How severe a defect is, as manuals grade it; people label parts with them beside its kind."""

TAXONOMY = Taxonomy(
    labels=(
        Label(
            code=ANOMALY,
            title="anomaly of unknown type",
            description="surface defect, limits for accepting or rejecting the part",
        ),
        Label(
            code="scratch",
            title="scratch",
            description="scratch, scrape or abrasion mark on the surface",
        ),
        Label(code="crack", title="crack", description="crack, fracture or split in the material"),
        Label(
            code="stain",
            title="stain",
            description="stain, discoloration, oil, dirt or contamination",
        ),
        Label(
            code="pore",
            title="pore or blowhole",
            description="blowhole, pore, pinhole, void or pit in the material",
        ),
        Label(
            code="break",
            title="chip or break",
            description="chipped edge, broken corner or missing material",
        ),
        Label(code="dent", title="dent", description="dent, bend or other deformation"),
        Label(
            code="uneven",
            title="uneven surface",
            description="uneven surface, waviness, rough grinding or uneven coating",
        ),
        Label(
            code="fray",
            title="frayed edge",
            description="frayed edge, burr, loose threads or fibres",
        ),
        Label(
            code="missing_part",
            title="missing or misplaced part",
            description="missing, misplaced or wrongly assembled part",
        ),
    ),
    grades=GRADES,
)

DISPOSITIONS = (
    Disposition(code="accept", title="Accept", tone="good"),
    Disposition(code="rework", title="Rework", tone="caution"),
    Disposition(code="scrap", title="Scrap", tone="bad"),
    Disposition(code="hold", title="Hold", tone="neutral"),
)


def with_labels(further: Mapping[str, str]) -> Taxonomy:
    """The taxonomy with the kinds of defect of a site; one of the same code is replaced."""
    own = {x.code: x for x in TAXONOMY.labels}
    new = {
        code: Label(code=code, title=code.replace("_", " "), description=text)
        for code, text in further.items()
    }
    return Taxonomy(labels=tuple((own | new).values()), grades=GRADES)

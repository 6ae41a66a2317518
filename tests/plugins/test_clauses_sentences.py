"""Sentences of manuals in three languages, and the clauses that are read from them."""

import pytest
from clause_lines import lines

ENGLISH = {
    "Scratches longer than 5 mm shall be scrapped.": [
        "scratches: length > 5 mm: scrap",
    ],
    "Scratches up to 2 mm in length are acceptable in zone B; longer scratches must be reworked.": [
        "scratches, zone B: length ≤ 2 mm: accept",
        "scratches, zone B: length > 2 mm: rework",
    ],
    "Scratches: ≤ 2 mm accept; > 2 mm to 5 mm rework; > 5 mm scrap.": [
        "scratches: length ≤ 2 mm: accept",
        "scratches: length > 2 mm and ≤ 5 mm: rework",
        "scratches: length > 5 mm: scrap",
    ],
    "Scratches: accept up to 2 mm, rework 2 to 5 mm, scrap above 5 mm.": [
        "scratches: length ≤ 2 mm: accept",
        "scratches: length ≥ 2 mm and ≤ 5 mm: rework",
        "scratches: length > 5 mm: scrap",
    ],
    "Scratches up to 2 mm are accepted, up to 5 mm reworked and above that scrapped.": [
        "scratches: length ≤ 2 mm: accept",
        "scratches: length > 2 mm and ≤ 5 mm: rework",
        "scratches: length > 5 mm: scrap",
    ],
    "No cracks are permitted.": [
        "cracks: any: scrap",
    ],
    "Cracks are not permitted.": [
        "cracks: any: scrap",
    ],
    "Up to three pores per part are acceptable; more than three: scrap.": [
        "pores: count ≤ 3 per part: accept",
        "pores: count > 3 per part: scrap",
    ],
    "No more than 2 pores per 100 cm² are permitted.": [
        "pores: count ≤ 2 per 100 cm2: accept",
    ],
    "Three pores per part are acceptable.": [
        "pores: count ≤ 3 per part: accept",
    ],
    "Pores with a diameter between 0.2 mm and 0.5 mm may be reworked.": [
        "pores: diameter ≥ 0.2 mm and ≤ 0.5 mm: rework",
    ],
    "Pits, also called blowholes, larger than 0.5 mm in diameter are rejected.": [
        "pits: diameter > 0.5 mm: scrap",
    ],
    "Dents deeper than 0.3 mm on the sealing face are rejected.": [
        "dents, zone sealing face: depth > 0.3 mm: scrap",
    ],
    "Scratch length must not exceed 5 mm.": [
        "scratch: length > 5 mm: scrap",
    ],
    "Scratches longer than 5 mm and deeper than 0.1 mm are scrapped.": [
        "scratches: length > 5 mm: scrap",
        "scratches: depth > 0.1 mm: scrap",
    ],
    "Scratches longer than 5 furlongs are scrapped.": [
        "unread: no known unit in “longer than 5 furlongs”",
    ],
    "Scratches that catch a fingernail shall be scrapped.": [
        "unread: a condition (that) that is no measured limit",
    ],
    "Except in zone C, scratches up to 5 mm are acceptable.": [
        "unread: an exception (Except) cannot be read",
    ],
    "Cracks are not permitted, scratches up to 5 mm are accepted.": [
        "cracks: any: scrap",
        "scratches: length ≤ 5 mm: accept",
    ],
    "Stains covering more than 5 % of the surface shall be reworked.": [
        "stains: area > 5 %: rework",
    ],
    "In zone A up to 2 mm, in zone B up to 5 mm long scratches are acceptable.": [
        "scratches, zone A: length ≤ 2 mm: accept",
        "scratches, zone B: length ≤ 5 mm: accept",
    ],
    "Scratches are acceptable up to 2 mm, longer scratches scrapped.": [
        "scratches: length ≤ 2 mm: accept",
        "scratches: length > 2 mm: scrap",
    ],
    "Pores 2 mm < D ≤ 5 mm are reworked.": [
        "pores: diameter > 2 mm and ≤ 5 mm: rework",
    ],
    "If a scratch is longer than 1,250.5 mm, hold the part and ask quality.": [
        "scratch: length > 1250.5 mm: hold",
    ],
    "Chips of 1/8 in or more are major defects and shall be scrapped.": [
        "chips (major): length ≥ 0.125 in: scrap",
    ],
    "Scratches > 5 mm and any cracks are scrapped.": [
        "scratches: length > 5 mm: scrap",
        "cracks: any: scrap",
    ],
    "Parts must be stored at no more than 25 °C.": [
        "unread: no known unit in “no more than 25 °”",
    ],
    "Smoking is not permitted in the test room.": [],
    "Clean the lens before inspection.": [],
    "Critical: cracks of any length - scrap.": [
        "cracks (critical): any: scrap",
    ],
    "Stains of more than 4 mm² in zones A and C must be quarantined.": [
        "stains, zone A: area > 4 mm2: hold",
        "stains, zone C: area > 4 mm2: hold",
    ],
    "The distance between two pores must be at least 10 mm.": [
        "pores: distance < 10 mm: scrap",
    ],
    "Two pores closer than 5 mm are scrapped.": [
        "pores: distance < 5 mm: scrap",
    ],
    "Burrs higher than 0.1 mm must be deburred.": [
        "burrs: height > 0.1 mm: rework",
    ],
    "Burrs thicker than 0.1 mm must be deburred.": [
        "unread: what is measured is none of length, width, depth, height, diameter, area, count, distance",
    ],
    "Scratches up to 2 mm and pores up to 0.5 mm are acceptable.": [
        "scratches: length ≤ 2 mm: accept",
        "pores: diameter ≤ 0.5 mm: accept",
    ],
    "Scratches of 5 mm or more shall be rejected.": [
        "scratches: length ≥ 5 mm: scrap",
    ],
    "Each part may have at most two dents.": [
        "dents: count ≤ 2 per part: accept",
    ],
    "Minor scratches less than 1 mm long are permitted.": [
        "scratches (minor): length < 1 mm: accept",
    ],
    "Blisters of up to 1,500 µm in diameter may be used as is.": [
        "blisters: diameter ≤ 1500 um: accept",
    ],
    "Scratches 0.5 to 2 mm long: rework.": [
        "scratches: length ≥ 0.5 mm and ≤ 2 mm: rework",
    ],
    "The part shall be free of cracks.": [
        "cracks: any: scrap",
    ],
    "Pinholes: not more than 5 per 10 cm2 are permitted, otherwise hold.": [
        "pinholes: count ≤ 5 per 10 cm2: accept",
        "pinholes: count > 5 per 10 cm2: hold",
    ],
    "Dents from 0.2 mm up to 0.4 mm deep shall be repaired.": [
        "dents: depth ≥ 0.2 mm and ≤ 0.4 mm: rework",
    ],
    "Scratches ±0.5 mm are acceptable.": [
        "unread: a tolerance (±) is no limit",
    ],
    "A scratch of 5 x 3 mm is rejected.": [
        "unread: a size in two directions is not one limit",
    ],
    "Scratches longer than 1,23,4 mm are scrapped.": [
        "unread: the number 1,23,4 fits no known style",
    ],
    "Cracks shall not be reworked.": [
        "unread: the disposition is left open, or there are two",
    ],
    "Pores up to 0.5 mm may be reworked or scrapped.": [
        "unread: the disposition is left open, or there are two",
    ],
    "Larger pores must be scrapped.": [
        "unread: a comparison without a number (Larger)",
    ],
    "Scratches longer than 5 are scrapped.": [
        "unread: no known unit in “longer than 5 are”",
    ],
}
GERMAN = {
    "Kratzer bis 0,5 mm Länge sind zulässig, längere Kratzer sind nachzuarbeiten.": [
        "kratzer: length ≤ 0.5 mm: accept",
        "kratzer: length > 0.5 mm: rework",
    ],
    "Kratzer mit einer Länge von mehr als 1.234,5 mm sind Ausschuss.": [
        "kratzer: length > 1234.5 mm: scrap",
    ],
    "Risse sind unzulässig.": [
        "risse: any: scrap",
    ],
    "Keine Risse zulässig.": [
        "risse: any: scrap",
    ],
    "Poren mit einem Durchmesser zwischen 0,2 und 0,5 mm sind nachzuarbeiten.": [
        "poren: diameter ≥ 0.2 mm and ≤ 0.5 mm: rework",
    ],
    "Höchstens zwei Poren je Teil sind zulässig.": [
        "poren: count ≤ 2 per part: accept",
    ],
    "Kratzertiefe über 0,05 mm: Ausschuss": [
        "kratzer: depth > 0.05 mm: scrap",
    ],
    "Dellen tiefer als 0,3 mm auf der Dichtfläche führen zu Ausschuss.": [
        "dellen, zone Dichtfläche: depth > 0.3 mm: scrap",
    ],
    "Kratzer dürfen 5 mm nicht überschreiten.": [
        "kratzer: length > 5 mm: scrap",
    ],
    "Kratzer dürfen nicht länger als 5 mm sein.": [
        "kratzer: length > 5 mm: scrap",
    ],
    "Lunker, auch Blasen genannt, größer als 1 mm sind zu sperren.": [
        "lunker: diameter > 1 mm: hold",
    ],
    "In Zone A sind Flecken bis 4 mm² erlaubt, größere sind nachzuarbeiten.": [
        "flecken, zone A: area ≤ 4 mm2: accept",
        "flecken, zone A: area > 4 mm2: rework",
    ],
    "Mehr als drei Poren pro 100 cm² sind Ausschuss.": [
        "poren: count > 3 per 100 cm2: scrap",
    ],
    "Kratzer von 2 bis 5 mm: Nacharbeit.": [
        "kratzer: length ≥ 2 mm and ≤ 5 mm: rework",
    ],
    "Kratzer über 2 mm bis 5 mm sind nachzuarbeiten, darüber Ausschuss.": [
        "kratzer: length > 2 mm and ≤ 5 mm: rework",
        "kratzer: length > 5 mm: scrap",
    ],
    "Flecken über 5 % der Fläche: sperren und Rücksprache mit QS.": [
        "flecken: area > 5 %: hold",
    ],
    "Poren ab 0,5 mm Durchmesser sind zu verschrotten.": [
        "poren: diameter ≥ 0.5 mm: scrap",
    ],
    "Es sind maximal 3 Einschlüsse pro Zone erlaubt.": [
        "einschlüsse: count ≤ 3 per zone: accept",
    ],
    "Kratzer unter 0,2 mm Breite sind i.O.": [
        "kratzer: width < 0.2 mm: accept",
    ],
    "Risse jeder Art führen zur Sperrung.": [
        "risse: any: hold",
    ],
    "Außer in Zone C sind Kratzer bis 5 mm zulässig.": [
        "unread: an exception (Außer) cannot be read",
    ],
}
CHINESE = {
    "划痕长度不超过５．０毫米允许，超过者报废。": [
        "划痕: length ≤ 5 mm: accept",
        "划痕: length > 5 mm: scrap",
    ],
    "A区不允许有裂纹。": [
        "裂纹, zone A: any: scrap",
    ],
    "气孔直径大于0.2毫米且不超过0.5毫米，返工。": [
        "气孔: diameter > 0.2 mm and ≤ 0.5 mm: rework",
    ],
    "每件不超过3处气孔，允许；超过3处报废。": [
        "气孔: count ≤ 3 per part: accept",
        "气孔: count > 3 per part: scrap",
    ],
    "凹坑深度0.2 mm 至 0.5 mm 返工。": [
        "凹坑: depth ≥ 0.2 mm and ≤ 0.5 mm: rework",
    ],
    "划痕长度不得超过5毫米。": [
        "划痕: length > 5 mm: scrap",
    ],
    "污渍面积大于4平方毫米的，隔离待判。": [
        "污渍: area > 4 mm2: hold",
    ],
    "密封面上划痕长度大于1mm报废。": [
        "划痕, zone 密封面: length > 1 mm: scrap",
    ],
    "气孔直径0.5毫米以上报废，0.5毫米以下允许。": [
        "气孔: diameter ≥ 0.5 mm: scrap",
        "气孔: diameter ≤ 0.5 mm: accept",
    ],
    "每100平方厘米内气孔不多于两个，允许。": [
        "气孔: count ≤ 2 per 100 cm2: accept",
    ],
    "裂纹：不允许。": [
        "裂纹: any: scrap",
    ],
    "缩孔直径≤0.3mm，每件最多2个，可接受。": [
        "缩孔: diameter ≤ 0.3 mm: accept",
        "缩孔: count ≤ 2 per part: accept",
    ],
    "B区划痕长度在0.5毫米至2毫米之间，返工。": [
        "划痕, zone B: length ≥ 0.5 mm and ≤ 2 mm: rework",
    ],
    "毛刺长度小于０．２毫米可接受，否则返工。": [
        "毛刺: length < 0.2 mm: accept",
        "毛刺: length ≥ 0.2 mm: rework",
    ],
    "裂纹长度超过5像素报废。": [
        "unread: no known unit in “超过 5 像”",
    ],
    "除C区外，划痕长度不超过5毫米允许。": [
        "unread: an exception (除) cannot be read",
    ],
    "黑点直径小于等于0.3毫米，允许；大于0.3毫米，报废。": [
        "黑点: diameter ≤ 0.3 mm: accept",
        "黑点: diameter > 0.3 mm: scrap",
    ],
    "不允许有气泡。": [
        "气泡: any: scrap",
    ],
    "每区最多三处凹痕，允许。": [
        "凹痕: count ≤ 3 per zone: accept",
    ],
}
FURTHER = {
    "Any crack, regardless of length, is cause for rejection.": ["crack: any: scrap"],
    "Scoring with a depth exceeding 25 µm must be quarantined.": ["scoring: depth > 25 um: hold"],
    "Rework is allowed for dents between 0.1 mm and 0.3 mm deep.": [
        "dents: depth ≥ 0.1 mm and ≤ 0.3 mm: rework"
    ],
    "A maximum of two inclusions per zone is tolerated.": [
        "inclusions: count ≤ 2 per zone: accept"
    ],
    'Scratches over 1/2" are scrapped.': ["scratches: length > 0.5 in: scrap"],
    "Surface scratches and scuffs less than 0.02 inches deep are acceptable.": [
        "scratches, scuffs: depth < 0.02 in: accept"
    ],
    "Discoloration covering up to 10% of the visible surface may be released.": [
        "discoloration, zone visible surface: area ≤ 10 %: accept"
    ],
    "If more than 5 pinholes per 100 cm² are found, the part is to be set aside and quality asked.": [
        "pinholes: count > 5 per 100 cm2: hold"
    ],
    "On the sealing face, no pore larger than 0.1 mm is permitted.": [
        "pore, zone sealing face: diameter > 0.1 mm: scrap"
    ],
    "Chips at the edge up to 0.5 mm wide may be used as is.": [
        "chips, zone edge: width ≤ 0.5 mm: accept"
    ],
    "Reject parts with cracks.": ["cracks: any: scrap"],
    "Parts with dents deeper than 1 mm: reject.": ["dents: depth > 1 mm: scrap"],
    "Scrap the part if it shows a crack longer than 2 mm.": ["crack: length > 2 mm: scrap"],
    "Not permitted: cracks, open pores.": ["cracks, open pores: any: scrap"],
    "Dents: depth max. 0.2 mm.": ["dents: depth ≤ 0.2 mm: accept", "dents: depth > 0.2 mm: scrap"],
    "Porosity: 3 or more pores per cm²: scrap": ["porosity: count ≥ 3 per 1 cm2: scrap"],
    "More than one scratch per part shall be reworked.": ["scratch: count > 1 per part: rework"],
    "Hairline cracks shall not be accepted under any circumstances.": [
        "hairline cracks: any: scrap"
    ],
    "The total area of stains shall not exceed 20 mm².": ["stains: area > 20 mm2: scrap"],
    "Burrs: max 0.05 mm length - accept, else deburr.": [
        "burrs: length ≤ 0.05 mm: accept",
        "burrs: length > 0.05 mm: rework",
    ],
    "Einzelne Poren mit Durchmesser ≤ 0,3 mm sind zulässig.": ["poren: diameter ≤ 0.3 mm: accept"],
    "Kratzer, die tiefer als 0,02 mm sind, führen zur Verschrottung.": [
        "kratzer: depth > 0.02 mm: scrap"
    ],
    "Teile mit Rissen sind zu verschrotten.": ["rissen: any: scrap"],
    "Bei Flecken von mehr als 3 mm² ist nachzuarbeiten.": ["flecken: area > 3 mm2: rework"],
    "Riefen mit einer Tiefe von 10 µm bis 25 µm: nacharbeiten; über 25 µm: Ausschuss.": [
        "riefen: depth ≥ 10 um and ≤ 25 um: rework",
        "riefen: depth > 25 um: scrap",
    ],
    "Auf der Dichtfläche sind keine Kratzer erlaubt.": ["kratzer, zone Dichtfläche: any: scrap"],
    "Im Bereich B dürfen bis zu fünf Einschlüsse je 100 cm² vorhanden sein.": [
        "einschlüsse, zone B: count ≤ 5 per 100 cm2: accept"
    ],
    "Der Abstand zwischen zwei Poren muss mindestens 5 mm betragen.": [
        "poren: distance < 5 mm: scrap"
    ],
    "Grate unter 0,1 mm Länge dürfen belassen werden, größere Grate sind zu entgraten.": [
        "grate: length < 0.1 mm: accept",
        "grate: length ≥ 0.1 mm: rework",
    ],
    "Dellen ab einer Tiefe von 0,5 mm sind zu sperren.": ["dellen: depth ≥ 0.5 mm: hold"],
    "Kritischer Fehler: Risse jeder Länge, Ausschuss.": ["risse (critical): any: scrap"],
    "划痕长度≤2mm，允许；2mm＜长度≤5mm，返工；＞5mm，报废。": [
        "划痕: length ≤ 2 mm: accept",
        "划痕: length > 2 mm and ≤ 5 mm: rework",
        "划痕: length > 5 mm: scrap",
    ],
    "裂纹一律报废。": ["裂纹: any: scrap"],
    "A区内不允许任何划痕。": ["划痕, zone A: any: scrap"],
    "深度超过0.1毫米的凹坑应返工。": ["凹坑: depth > 0.1 mm: rework"],
    "每100mm²气孔数量超过3个，报废。": ["气孔: count > 3 per 100 mm2: scrap"],
    "边缘崩缺宽度不大于0.5mm可接受。": ["崩缺: width ≤ 0.5 mm: accept"],
    "若划痕长度大于10毫米，则隔离并通知质量部。": ["划痕: length > 10 mm: hold"],
    "两处气孔间距小于5毫米时报废。": ["气孔: distance < 5 mm: scrap"],
    "污渍面积不超过总面积的5%，可放行。": ["污渍: area ≤ 5 %: accept"],
    "严重缺陷：裂纹，报废。": ["裂纹 (major): any: scrap"],
    "锈斑直径0.5～1.0毫米，返修。": ["锈斑: diameter ≥ 0.5 mm and ≤ 1 mm: rework"],
}
ALL = {**ENGLISH, **GERMAN, **CHINESE, **FURTHER}


@pytest.mark.parametrize("text", ALL)
def test_sentences_are_read(text: str) -> None:
    assert lines(text) == ALL[text]

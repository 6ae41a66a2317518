"""Why a file is kept with a case and not assessed, for people. Codes are the fact `not_assessed`."""

NOT_ASSESSED = {
    "structured_report": "a structured report; it is kept and nothing here reads it",
    "presentation_state": "how pictures were shown; it is kept and not applied",
    "waveform": "a waveform; it is kept and nothing here reads it",
    "encapsulated_document": "a document within DICOM; it is kept and its text is not read",
    "radiotherapy": "a radiotherapy object; it is kept and not looked at as a picture",
    "derived_data": "data about pictures (a segmentation, a registration, raw data); it is kept",
    "spectroscopy": "a spectrum; it is kept and nothing here reads it",
    "directory": "a directory of files (DICOMDIR); the files themselves are read",
    "video": "a video stream; it is kept and not decoded",
    "no_picture": "an object without a picture; it is kept",
    "no_class": "it does not say what it is (no SOP class); it is kept and not assessed",
}

"""De-identification before anything is stored: files in, files without a name out.

`table` holds the basic profile of DICOM PS3.15 Annex E with its options as data, `dataset` applies
it, and `dicom`, `nifti`, `photo` and `text` know their formats. `clean_file` runs in the process
that parses files; `pieces` puts together what it answers. Nothing here writes what it removes.
"""

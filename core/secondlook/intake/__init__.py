"""Files in, attachments and records out; whatever cannot be taken is quarantined with a reason.

`sources` and `manifest` find files, `reader` reads one in a process of its own, `pixels` shows
what was accepted. Nothing here imports a model library.
"""

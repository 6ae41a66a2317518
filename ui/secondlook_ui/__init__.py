"""The review UI: a person looks at what the machine looked at first, and decides.

`python -m secondlook_ui` serves it on this machine. The process draws pages and writes decisions;
whatever needs a model is queued for a worker, so no model library is ever imported here.
"""

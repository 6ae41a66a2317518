"""Batch verbs over the engine, one a file: each `run(config, context) -> Report`.

What a command, a worker, the UI and a notebook all call.
"""

"""Radiology assistant: reads notes beside scans for urgent findings and orders the worklist.

A research and workflow tool. See MODEL_CARD.md for what it does and what it does not.
"""

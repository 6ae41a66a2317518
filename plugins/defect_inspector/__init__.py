"""Defect inspector: product images against good parts, with the clauses of the product's manual.

See MODEL_CARD.md for what it does and what it does not.
"""

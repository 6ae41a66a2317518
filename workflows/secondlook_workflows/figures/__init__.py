"""Figures of what was decided: pure functions over rows, and the verb that reads the rows."""

"""Generates the blocking classes; see ``__main__``."""

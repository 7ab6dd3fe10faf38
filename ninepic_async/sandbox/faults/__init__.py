"""Faults on command: what they are, how they are checked, and their effects on a reply."""

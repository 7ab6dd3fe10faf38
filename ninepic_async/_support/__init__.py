"""Small helpers that do not know the API: argument checks, redaction, files, threads, clock, text."""

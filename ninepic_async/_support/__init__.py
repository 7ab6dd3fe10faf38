"""Small helpers: argument checks, redaction, JSON Lines, daemon threads, clock, loop affinity, photo grid."""

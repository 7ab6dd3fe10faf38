"""Small helpers without state of their own: redaction, argument checks, clock, loop affinity, photo grid."""

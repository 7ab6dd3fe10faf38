"""HTTP helpers that both of the sandbox's ports use."""

"""HTTP code that both of the sandbox's ports share."""

"""HTTP code for both ports of the sandbox."""

"""Control a sandbox over HTTP, from other processes and languages."""

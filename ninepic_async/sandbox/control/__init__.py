"""Control of a sandbox over HTTP, for other processes and languages."""

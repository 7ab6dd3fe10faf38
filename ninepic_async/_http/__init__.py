"""Everything that knows aiohttp: the transport, its connections, and name resolution."""

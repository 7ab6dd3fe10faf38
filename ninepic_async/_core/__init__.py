"""Run calls: settings, deadline, retries, throttle, and paging. No aiohttp here."""

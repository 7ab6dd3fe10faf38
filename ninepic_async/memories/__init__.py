"""A participant's photos and clips in one call, put together from an event's operations."""

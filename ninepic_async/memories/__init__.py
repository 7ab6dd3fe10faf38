"""Fetch a participant's photos and clips in one call, with the operations of an event."""

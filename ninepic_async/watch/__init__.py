"""Watch an event for new photos, with a cursor to go on from after a restart."""

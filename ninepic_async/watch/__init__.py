"""Watch an event for new photos. A cursor lets a watch continue after a restart."""

"""The sandbox's pictures: drawn ones, and those from a folder of photos."""

"""The sandbox's pictures: drawn, or from a folder of photos."""

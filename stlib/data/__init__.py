"""Data sets, one a file: each yields frames [time, channel, height, width] in [0, 1]."""

__all__: list[str] = []

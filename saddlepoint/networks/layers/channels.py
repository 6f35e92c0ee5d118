"""How many channels the levels of a network have: doubled where its maps are halved, up to a multiple of the width."""


def doubling_channels(width: int, levels: int, largest_multiple: int) -> list[int]:
    """Channels of the levels from the image's side on; who leads to the image has them in reverse."""
    return [width * min(2**level, largest_multiple) for level in range(levels)]

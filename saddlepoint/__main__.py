"""python -m saddlepoint: the same as the command `saddlepoint`."""

import sys

from saddlepoint.cli import main

if __name__ == "__main__":
    sys.exit(main())

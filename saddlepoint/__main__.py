"""python -m saddlepoint: the same as the command `saddlepoint`."""

import sys

from saddlepoint.command.main import main

if __name__ == "__main__":
    sys.exit(main())

"""What to type to run this program again."""

import shutil
import sys
from pathlib import Path

NAME = "loopwright"


def program_name() -> str:
    """`loopwright` where the shell finds it, else the path by which it was started."""
    return NAME if shutil.which(NAME) else str(Path(sys.argv[0]).absolute())

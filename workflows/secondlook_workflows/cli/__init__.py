"""The command line: `secondlook …`. Words in, verbs called, tables or JSON out.

Exit status: 0 all done · 2 the words of the call are off · 3 done, but some inputs were
quarantined or failed · 1 it broke · 130 stopped by Ctrl-C (what was finished is stored).
"""

import sys


def main() -> None:
    """Entry point of the `secondlook` command."""
    try:
        from secondlook_workflows.cli.app import run

        run()
    except KeyboardInterrupt:  # while libraries were still being imported
        sys.exit(130)

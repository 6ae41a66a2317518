"""`python -m secondlook_workflows` is `secondlook`."""

from secondlook_workflows.cli import main

main()

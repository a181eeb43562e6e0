"""``python -m if_graph``: the same as the ``if-graph`` command."""

import sys

from if_graph.cli import main

sys.exit(main())

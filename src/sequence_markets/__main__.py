"""``python -m sequence_markets``: the ``sequence-markets`` command."""

import sys

from sequence_markets.cli import main

sys.exit(main())

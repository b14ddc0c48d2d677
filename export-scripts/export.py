#!/usr/bin/env python3
"""Export a Hugging Face causal language model for Preamble; see ``--help``."""

import sys

from preamble_export.cli import main

if __name__ == "__main__":
    sys.exit(main())

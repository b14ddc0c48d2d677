#!/usr/bin/env python3
"""Answers questions about real PyTorch, transformers and PEFT; see ``preamble_oracle``."""

import sys

from preamble_oracle import blas

if __name__ == "__main__":
    blas.enter_fast_path()
    from preamble_oracle.server import serve

    sys.exit(serve())

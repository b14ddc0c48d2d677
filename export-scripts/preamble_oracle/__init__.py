"""The oracle: what real PyTorch, transformers and PEFT say, for tests and benchmarks.

``oracle.py`` reads one JSON object a line from standard input and answers each with one JSON
object a line on standard output, which carries nothing else; log lines go to standard error. A
request names its ``command``; the rest are the command's arguments, listed with it in
:mod:`.commands` and :mod:`.training`. Any request may carry ``threads``, PyTorch's thread count
from then on. A failed command answers ``{"error": message, "traceback": text}`` and the process
goes on; it ends with its input.

Models are opened in float32 (``dtype`` says otherwise), in evaluation mode, and kept by path, so
one process serves a whole test run. Tensors come and go as safetensors files named by the caller.
"""

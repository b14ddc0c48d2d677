"""Exports a frozen Hugging Face causal LM as one ONNX graph over its own checkpoint.

An exported model is the Hugging Face directory with two files more: ``preamble.onnx``, a graph
well under a megabyte whose weights point into the checkpoint's safetensors files, and
``preamble.json``, the manifest; converted or quantised weights, which no checkpoint holds, make a
third, ``preamble.weights.safetensors``. Start at :mod:`preamble_export.cli`; the way of the data is

``checkpoint`` (what is there) -> ``architectures`` (what is supported) -> ``trace`` (the graph as
torch sees it) -> ``simplify`` (the graph as it should be read) -> ``weights`` (each parameter at
its place in the checkpoint; ``quantise`` and ``own`` for those that have none there) -> ``manifest`` -> ``publish`` (files appear whole or not at all),
with ``verify`` comparing ONNX Runtime and PyTorch before anything is published. ``hub`` fetches a
model that is no directory, in a process of its own.
"""

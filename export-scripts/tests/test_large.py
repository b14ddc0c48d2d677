"""A model of 70 billion parameters is traced without its weights."""

import subprocess
import sys
import unittest

from .running import SCRIPTS

LIMIT = 2 << 30

_TRACE = """
import math
import resource
from transformers import LlamaConfig
from preamble_export import simplify, trace
from preamble_export.architectures import SUPPORTED

config = LlamaConfig(
    vocab_size=128256, hidden_size=8192, intermediate_size=28672, num_hidden_layers=80,
    num_attention_heads=64, num_key_value_heads=8, max_position_embeddings=131072, tie_word_embeddings=False,
    rope_parameters={"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0,
                     "high_freq_factor": 4.0, "original_max_position_embeddings": 8192},
)
traced = trace.trace(config, SUPPORTED["llama"])
simplify.simplify(traced.graph)
parameters = sum(math.prod(v.shape) for v in traced.graph.graph.initializers.values() if v.const_value is None)
attentions = sum(node.op_type == "GroupQueryAttention" for node in traced.graph.graph)
print(parameters, attentions, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)
"""


class LargeModelTest(unittest.TestCase):
    def test_a_llama_of_70_billion_parameters_is_traced_within_2_gb(self):
        done = subprocess.run([sys.executable, "-c", _TRACE], cwd=SCRIPTS, capture_output=True, text=True, timeout=900)
        self.assertEqual(done.returncode, 0, done.stderr)
        parameters, attentions, peak = (int(word) for word in done.stdout.split()[-3:])
        print(f"[export] tracing Llama-70B without weights: peak memory {peak / 1e9:.2f} GB")
        self.assertGreater(parameters, 69e9)
        self.assertEqual(attentions, 80)
        self.assertLess(peak, LIMIT)


if __name__ == "__main__":
    unittest.main()

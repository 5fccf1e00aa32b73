# SPDX-License-Identifier: BSL-1.0
"""bench/gpu/report.py on made-up results: ratios, tests, and files that were cut off."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench" / "gpu"))
import report  # noqa: E402


def bench(name, microseconds, **counters):
    return {"name": name + "/manual_time", "run_type": "iteration", "real_time": microseconds, "time_unit": "us", **counters}


class Report(unittest.TestCase):
    def make(self, files):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        folder = pathlib.Path(holder.name)
        for name, content in files.items():
            (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))
        sys.argv = ["report.py", str(folder)]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            report.main()
        return (folder / "results.md").read_text(), json.loads((folder / "results.json").read_text())

    def test_ratios(self):
        text, results = self.make({
            "machine.txt": "commit: abc\ngpu: made up\n",
            "elementwise.json": {"benchmarks": [bench("copy/16", 10, bytes=4e12),
                                                bench("chain_with_gradient/16", 20, bytes=3e12)]},
            "matmul.json": {"benchmarks": [bench("float_program/256", 10, flops=1e12),
                                           bench("float_cublas/256", 9, flops=1.1e12),
                                           bench("float_layer_two_steps/256", 12, flops=1e12),
                                           bench("float_layer_one_call/256", 11, flops=1e12),
                                           bench("float_layer_measuring/256", 11.5, flops=1e12)]},
            "steps.json": {"benchmarks": [bench("mlp_cuda/64", 50), bench("mlp_cpu/64", 300)]},
            "convolution.json": {"benchmarks": [bench("vgg_cuda/0", 100, flops=2e12), bench("vgg_cudnn/0", 98),
                                                bench("vgg_cuda_plain/0", 300)]},
            "pooling.json": {"benchmarks": [bench("vgg_cuda_plain/0", 100, bytes=1e12), bench("vgg_cuda_dnn/0", 150)]},
            "batch_norm.json": {"benchmarks": [bench("resnet_cuda/3", 50, bytes=2e12), bench("resnet_cudnn/3", 80),
                                               bench("resnet_cuda/1", 40, bytes=2e12),
                                               bench("residual_block1_cuda", 20), bench("residual_block1_cuda_dnn", 30),
                                               bench("residual_block2_cuda", 25)]},
            "families.json": {"context": {"cpu_threads": "8"},
                              "benchmarks": [bench("convolution_cuda/1", 100), bench("convolution_cpu/1", 6400),
                                             bench("convolution_cuda_plain/1", 300), bench("gather_cuda/0", 5)]},
            "torch.json": {"seconds": {"chain_with_gradient/16/eager": 2e-4, "mlp/64/compile": 1e-4}},
        })
        self.assertIn("- gpu: made up", text)
        self.assertIn("| GPU, us | CPU (8 threads), us | CPU / GPU |", text)
        self.assertIn("| convolution/1 | 100.0 | 6400 | 64.0 | 3.0 |", text)
        self.assertIn("| gather/0 | 5.0 |  |  |  |", text)
        self.assertIn("CPU (8 threads) / GPU | PyTorch eager", text)
        self.assertIn("| chain_with_gradient/16 | 20.0 | 3000 | 75% | 10.00 |  |", text)
        self.assertIn("| float_program/256 | 1.0 | 90% |", text)
        self.assertIn("| float/256 | 12.0 | 11.0 | 11.5 |", text)
        self.assertIn("| vgg/0 | 100.0 | 2.0 | 98% | 300.0 |", text)
        self.assertIn("| vgg/0 | 100.0 | 1000 | 150.0 | 1.50 |", text)
        self.assertIn("| resnet/3 | 50.0 | 2000 | 80.0 | 1.60 |", text)
        self.assertIn("| resnet/1 | 40.0 | 2000 |  | |", text)
        self.assertIn("| residual_block1 | 20.0 | 30.0 | 1.50 |", text)
        self.assertIn("| residual_block2 | 25.0 |  | |", text)
        self.assertIn("| mlp/64 | 50.0 | 6.00 |  | 2.00 |", text)
        self.assertEqual(results["benches"]["matmul"]["float_cublas/256"]["seconds"], 9e-6)

    def test_tests_are_counted(self):
        text, _ = self.make({"test_cuda.txt": 'Test module "ctgrad" has failed with:\n  12 test cases out of 15 passed\n'
                                              "  1 test case out of 15 failed\n  2 test cases out of 15 skipped\nexit status: 201\n",
                             "page.txt": "exit status: 139\n",
                             "sanitizer_memcheck.txt": "========= ERROR SUMMARY: 0 errors\nexit status: 0\n",
                             "sanitizer_racecheck.txt": "========= RACECHECK SUMMARY: 0 hazards displayed\n"})
        self.assertIn("| test_cuda | 12 | 1 | 2 | 201 |  |", text)
        self.assertIn("| page | 0 | 0 | 0 | 139 |  |", text)
        self.assertIn("| sanitizer_memcheck | 0 | 0 | 0 | 0 | 0 errors |", text)
        self.assertIn("| sanitizer_racecheck | 0 | 0 | 0 |  | 0 hazards displayed |", text)

    def test_a_file_that_was_cut_off_is_left_out(self):
        text, _ = self.make({"steps.json": '{"benchmarks":[{"name":"copy',
                             "matmul.json": {"benchmarks": [bench("float_program/256", 10, flops=1e12)]}})
        self.assertIn("| float_program/256 | 1.0 |  |", text)


unittest.main()

# SPDX-License-Identifier: GPL-2.0-only
"""lvslab conform: what it prints and its exit codes.

Called as: conform_test.py LVSLAB SOURCE_DIR
"""

import gzip
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

LVSLAB, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
TRACES = SOURCE / "tests/data/kernel-traces"


def conform(*arguments):
    done = subprocess.run([LVSLAB, "conform", *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


class Conform(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.folder.name)
        self.text = gzip.open(TRACES / "plain_rr.jsonl.gz", "rt").read()

    def tearDown(self):
        self.folder.cleanup()

    def test_a_recording_that_is_met_exits_0_and_ends_with_the_totals(self):
        code, out, err = conform(TRACES / "plain_rr.jsonl.gz")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.splitlines()[-1], "1 files, 3092 events, 0 mismatches")

    def test_a_folder_is_searched_packed_or_not(self):
        (self.path / "deep").mkdir()
        (self.path / "deep/a.jsonl").write_text(self.text)
        (self.path / "b.jsonl.gz").write_bytes((TRACES / "thr0_rr.jsonl.gz").read_bytes())
        (self.path / "note.txt").write_text("no recording")
        code, out, _ = conform(self.path)
        self.assertEqual(code, 0)
        self.assertTrue(out.splitlines()[-1].startswith("2 files, "))

    def test_a_mismatch_exits_1_and_shows_its_line(self):
        lines = self.text.splitlines()
        at = next(i for i, l in enumerate(lines) if '"f":"S"' in l)
        lines[at] = lines[at].replace('"to":"10.1.0.12:80"', '"to":"10.1.0.10:80"')
        path = self.path / "bad.jsonl"
        path.write_text("\n".join(lines) + "\n")
        code, out, _ = conform(path)
        self.assertEqual(code, 1)
        self.assertIn(f"first mismatch at {path}:{at + 1}", out)
        self.assertNotIn(" 0 mismatches", out.splitlines()[-1])

    def test_json_tells_the_same(self):
        code, out, _ = conform("--json", TRACES / "plain_twos.jsonl.gz")
        result = json.loads(out)
        self.assertEqual((code, result["files"], result["mismatches"]), (0, 1, 0))
        self.assertEqual(result["recordings"][0]["statistical"]["choices"], 1000)
        self.assertEqual(result["recordings"][0]["statistical"]["significance"], 0.001)

    def test_a_statistical_comparison_says_so(self):
        _, out, _ = conform(TRACES / "plain_twos.jsonl.gz")
        self.assertIn("compared by statistics", out)
        self.assertIn("significance 0.001", out)

    def test_a_line_cut_off_exits_2_with_file_and_line(self):
        path = self.path / "cut.jsonl"
        path.write_text(self.text[: len(self.text) // 2])
        code, _, err = conform(path)
        self.assertEqual(code, 2)
        self.assertIn(f"{path}:{self.text[: len(self.text) // 2].count(chr(10)) + 1}:", err)

    def test_a_packed_file_cut_off_exits_2(self):
        data = (TRACES / "plain_rr.jsonl.gz").read_bytes()
        path = self.path / "cut.jsonl.gz"
        path.write_bytes(data[: len(data) // 2])
        code, _, err = conform(path)
        self.assertEqual(code, 2)
        self.assertIn("cut off", err)

    def test_what_cannot_be_read_exits_2(self):
        for path in (self.path / "none.jsonl", self.path):
            code, _, err = conform(path)
            self.assertEqual(code, 2)
            self.assertIn(str(path), err)

    def test_what_holds_nothing_to_compare_exits_2_without_totals(self):
        texts = {"empty.jsonl": "", "env.jsonl": '{"i":0,"op":"env"}\n', "fake.jsonl.gz": "hello"}
        for name, text in texts.items():
            path = self.path / name
            path.write_text(text)
            code, out, err = conform(path)
            self.assertEqual((code, out), (2, ""))
            self.assertIn(f"{path}:", err)

    def test_good_paths_are_compared_beside_bad_ones(self):
        code, out, err = conform(self.path / "none.jsonl", TRACES / "plain_rr.jsonl.gz")
        self.assertEqual(code, 2)
        self.assertIn("none.jsonl", err)
        self.assertRegex(out.splitlines()[-1], r"^1 files, \d+ events, 0 mismatches$")

    def test_long_lines_are_cut_in_what_is_shown_of_a_mismatch(self):
        lines = self.text.splitlines()
        at = next(i for i, l in enumerate(lines) if '"op":"conns"' in l)
        lines[at] = lines[at].replace('"ESTABLISHED",899', '"ESTABLISHED",898', 1)
        path = self.path / "bad.jsonl"
        path.write_text("\n".join(lines) + "\n")
        for arguments in ((path,), ("--json", path)):
            code, out, _ = conform(*arguments)
            self.assertEqual(code, 1)
            self.assertLess(max(map(len, out.splitlines())), 700)

    def test_an_unknown_operation_exits_2(self):
        path = self.path / "new.jsonl"
        path.write_text('{"i":0,"t":1,"op":"reboot"}\n')
        code, _, err = conform(path)
        self.assertEqual((code, err), (2, f'{path}:1: unknown operation "reboot"\n'))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

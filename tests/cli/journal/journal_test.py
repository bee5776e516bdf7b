# SPDX-License-Identifier: GPL-2.0-only
"""What `lvslab journal` prints. Called as journal_test.py LVSLAB TOY_RUN."""
import json
import os
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "compare"))
from toy_comparison import LVSLAB, TOY, ToyComparison  # noqa: E402


def number(value):
    """LEB128, as docs/journal.md has it."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def fingerprint(data):
    """FNV-1a of 64 bits, then MurmurHash3's finaliser."""
    mask, state = 2**64 - 1, 0xCBF29CE484222325
    for byte in data:
        state = (state ^ byte) * 0x100000001B3 & mask
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        state = (state ^ state >> 33) * factor & mask
    return state ^ state >> 33


def journal_of_a_connection_to_nowhere():
    """A decision for a real server that was never put in; by hand from docs/journal.md."""
    def text(value):
        return number(0) + number(len(value)) + value

    def endpoint(address, port):
        return number(0) + bytes(address) + number(port)

    data = b"LVSJ\x02\x01"
    data += b"\x01" + number(0) + text(b"by hand") + text(b"none") + text(b"rr") + number(1)
    data += number(1) + text(b"web1") + number(1) + number(2) + number(1) + number(8)
    data += number(0) + number(1) + text(b"http") + number(1) + text(b"lvs1") + number(0) * 3
    data += b"\x06" + number(1_500_000_000) + number(1) * 3 + number(2)
    data += endpoint((10, 0, 0, 9), 1024) + endpoint((10, 0, 0, 1), 80)
    data += b"\x02" + number(0)
    data += b"\x00" + number(3)
    return data + fingerprint(data).to_bytes(8, "little")


class Journal(ToyComparison):
    """`lvslab journal` on the journals that a comparison leaves."""

    def setUp(self):
        super().setUp()
        subprocess.run([TOY, "run", "scenario.yaml", "--scheduler", "wlc", "--seed", "1", "--output",
                        "out/runs/wlc-1"], cwd=self.folder.name, check=True)
        self.file = self.path("out", "runs", "wlc-1", "journal.lvsj")

    def journal(self, *arguments, **options):
        return subprocess.run([LVSLAB, "journal", *arguments], capture_output=True, check=False,
                              **options)

    def test_lines_are_json_with_names(self):
        lines = self.journal(self.file).stdout.decode().splitlines()
        events = [json.loads(line) for line in lines]
        self.assertEqual(events[0]["event"], "run_started")
        self.assertEqual(events[-1]["event"], "run_ended")
        self.assertRegex(lines[5], r'^\{"time":\d+\.\d{9},')
        servers = {e["server"] for e in events if e["event"] == "decision"}
        self.assertEqual(servers, {"web1", "web2"})

    def test_kinds_can_be_chosen(self):
        lines = self.journal(self.file, "--kind", "run_ended", "--kind", "server_load").stdout
        kinds = {json.loads(line)["event"] for line in lines.decode().splitlines()}
        self.assertEqual(kinds, {"run_ended", "server_load"})
        wrong = self.journal(self.file, "--kind", "decisions")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn(b"no such kind of event; there are run_started, ", wrong.stderr)

    def test_summary_is_the_runs_own(self):
        self.assertEqual(self.journal(self.file, "--summary").stdout.decode(),
                         self.read("out", "runs", "wlc-1", "summary.json"))

    def test_fingerprint_is_the_comparisons(self):
        self.compare("--seeds", "1", "--schedulers", "wlc")
        self.assertEqual(self.journal(self.file, "--fingerprint").stdout.decode().strip(),
                         self.summary()["schedulers"][0]["runs"][0]["fingerprint"])

    def test_a_sound_run_breaks_no_invariant(self):
        done = self.journal(self.file, "--invariants")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertRegex(done.stdout.decode(), r"^0 violations of \d+ invariants\n$")

    def test_a_broken_invariant_is_told_with_the_events_before_it(self):
        path = self.path("broken.lvsj")
        with open(path, "wb") as out:
            out.write(journal_of_a_connection_to_nowhere())
        done = self.journal(path, "--invariants")
        self.assertEqual(done.returncode, 1)
        lines = done.stdout.decode().splitlines()
        self.assertEqual(lines[0], "taken_out at 1.5 s: connection 10.0.0.9:1024 to "
                         "10.0.0.1:80 was scheduled to web1, which lvs1 never put into http")
        self.assertEqual(json.loads(lines[2])["event"], "decision")
        self.assertRegex(lines[-1], r"^1 violations of ")

    def test_standard_input_is_a_journal_too(self):
        with open(self.file, "rb") as data:
            done = self.journal("-", "--fingerprint", stdin=data)
        self.assertEqual(done.stdout, self.journal(self.file, "--fingerprint").stdout)

    def test_a_cut_off_journal_gives_what_it_has_and_says_where_it_ends(self):
        with open(self.file, "rb") as whole:
            data = whole.read()
        with open(self.file, "wb") as cut:
            cut.write(data[:len(data) // 2])
        done = self.journal(self.file)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"byte {len(data) // 2}: the journal is cut off".encode(), done.stderr)
        self.assertGreater(len(done.stdout.splitlines()), 1000)
        for option in ("--summary", "--fingerprint"):
            self.assertEqual(self.journal(self.file, option).returncode, 2)

    def test_a_foreign_file_is_refused(self):
        done = self.journal(self.path("scenario.yaml"))
        self.assertEqual((done.returncode, done.stdout), (2, b""))
        self.assertIn(b"byte 0: not a journal of lvslab", done.stderr)
        self.assertEqual(self.journal(self.path("nothing")).returncode, 2)

    def test_a_closed_pipe_is_no_error_message(self):
        done = subprocess.run(f"'{LVSLAB}' journal '{self.file}' | head -1", shell=True, check=True,
                              capture_output=True)
        self.assertEqual((len(done.stdout.splitlines()), done.stderr), (1, b""))


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)

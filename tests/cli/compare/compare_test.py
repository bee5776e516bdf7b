# SPDX-License-Identifier: GPL-2.0-only
"""What `lvslab compare` leaves behind. Called as compare_test.py LVSLAB TOY_RUN."""
import json
import os
import re
import signal
import subprocess
import sys
import unittest

from toy_comparison import LVSLAB, SCENARIO, ToyComparison


class Compare(ToyComparison):
    def test_leaves_a_page_tables_and_every_run(self):
        done = self.compare()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"(?m)^wlc +\d+ ±\d+ ")
        self.assertIn("See out/index.html", done.stdout)
        self.assertEqual(sorted(os.listdir(self.path("out", "runs"))),
                         sorted(f"{s}-{n}" for s in ("rr", "wlc", "sed", "dh") for n in (1, 2, 3, 4)))
        for table in ("runs.csv", "schedulers.csv", "servers.csv", "differences.csv"):
            self.assertGreater(len(self.read("out", table).splitlines()), 4, table)

    def test_the_page_needs_nothing_else(self):
        self.compare("--seeds", "2")
        page = self.read("out", "index.html")
        self.assertEqual(page.count("<svg "), 4)
        self.assertIsNone(re.search(r"<(script|link|img|iframe)\b", page))
        self.assertIsNone(re.search(r"(src|href)=\"(?!#)", page))
        self.assertIsNone(re.search(r"url\((?!#)|@import", page))
        self.assertIn("A &lt;toy&gt; &amp; nothing else.", page)
        identifiers = re.findall(r'\bid="([^"]+)"', page)
        self.assertEqual(len(identifiers), len(set(identifiers)))

    def test_same_input_same_bytes_however_many_run_at_once(self):
        self.compare("--jobs", "1", output="one")
        self.compare("--jobs", "4", output="four")
        for name in ("index.html", "summary.json", "runs.csv", "schedulers.csv", "servers.csv",
                     "differences.csv"):
            self.assertEqual(self.read("one", name), self.read("four", name), name)

    def test_every_algorithm_meets_the_same_load(self):
        self.compare()
        connections = {s["scheduler"]: s["metrics"]["connections"]["values"]
                       for s in self.summary()["schedulers"]}
        self.assertEqual(len(connections), 4)
        self.assertEqual(len({tuple(v) for v in connections.values()}), 1)
        self.assertEqual(len(set(connections["rr"])), 4, "other seeds, other arrivals")

    def test_says_who_is_best_and_who_cannot_show_its_worth(self):
        # The toy's sed is its wlc.
        self.compare()
        self.assertRegex(self.texts("verdict")[0], r"^wlc and sed serve this load best: .*Last comes dh")
        self.assertTrue(any("wlc and sed behaved identically" in t for t in self.texts("same")))
        self.assertTrue(any("dh chooses by the destination address" in t
                            for t in self.texts("limit")))
        self.assertFalse(any("sh" in f["schedulers"] for f in self.summary()["findings"]))
        page = self.read("out", "index.html")
        self.assertIn("behaved identically", page)
        self.assertIn("Holm", page)

    def test_one_repetition_proves_nothing_and_says_so(self):
        done = self.compare("--seeds", "1")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertTrue(any("One repetition" in t for t in self.texts("method")))
        self.assertNotIn("significantly", self.texts("verdict")[0])

    def test_what_no_run_counted_is_no_column(self):
        # The flow world has no packets: "0 B" would be a wrong figure.
        self.compare("--seeds", "1", "--schedulers", "rr,wlc")
        self.assertIn("<th>router sent</th>", self.read("out", "index.html"))
        summary = self.summary()
        for scheduler in summary["schedulers"]:
            scheduler["metrics"]["router_bytes"]["mean"] = 0
        with open(self.path("out", "summary.json"), "w", encoding="utf-8") as file:
            json.dump(summary, file)
        subprocess.run([LVSLAB, "report", self.path("out")], check=True, stdout=subprocess.DEVNULL)
        page = self.read("out", "index.html")
        self.assertFalse("router sent" in page, "a column of zeros")

    def test_one_algorithm_alone_is_a_page_too(self):
        done = self.compare("--schedulers", "wlc", "--seeds", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("95 of 100 responses", self.texts("verdict")[0])

    def test_a_crashed_run_is_told_with_its_words(self):
        done = self.compare(environment={"TOY_CRASH": "wlc-2"})
        self.assertEqual(done.returncode, 1)
        self.assertIn("Failed: wlc-2: signal 9", done.stdout)
        self.assertIn("toy: about to crash", done.stdout)
        self.assertIn("wlc-2 FAILED", done.stderr)
        self.assertFalse(self.summary()["complete"])
        page = self.read("out", "index.html")
        self.assertIn("toy: about to crash", page)
        self.assertIn("Incomplete: 15 of 16 runs finished", page)

    def test_what_an_earlier_comparison_left_does_not_pass_for_this_one(self):
        self.compare("--seeds", "2")
        self.compare("--seeds", "2", environment={"TOY_CRASH": "wlc-2"})
        self.assertEqual(self.summary()["runs_finished"], 7)

    def test_a_bad_scenario_is_told_once_and_nothing_is_written(self):
        self.write("scenario.yaml", SCENARIO.replace("poisson 120/s", "poisson 120")
                   .replace("seeds: 4", "seeds: many"))
        done = self.compare()
        self.assertEqual(done.returncode, 2)
        places = re.findall(r"^scenario\.yaml:\d+:\d+: ", done.stderr, re.M)
        self.assertEqual(len(places), 2, done.stderr)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_what_no_run_can_start_from_is_told_once_and_nothing_is_written(self):
        self.write("refuse", "#!/bin/sh\necho 'scenario.yaml: IPv6 is not supported' >&2\nexit 2\n")
        os.chmod(self.path("refuse"), 0o755)
        done = self.compare(runner=self.path("refuse"), output="deep/er")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("IPv6 is not supported"), 1)
        self.assertFalse(os.path.exists(self.path("deep")))

    def test_what_is_not_a_comparisons_own_is_refused_and_left_alone(self):
        os.mkdir(self.path("mine"))
        self.write("mine/summary.json", "{}")
        done = self.compare(output="mine")
        self.assertEqual(done.returncode, 2)
        self.assertIn("mine: holds summary.json, which is not of a comparison", done.stderr)
        self.assertEqual(os.listdir(self.path("mine")), ["summary.json"])
        self.assertEqual(self.read("mine", "summary.json"), "{}")
        done = self.compare(output="scenario.yaml")
        self.assertEqual(done.returncode, 2)
        self.assertIn("is there and is not a folder", done.stderr)

    def test_writes_beside_other_files_by_force_and_keeps_them(self):
        os.makedirs(self.path("mine", "runs"))
        self.write("mine/thesis.tex", "years of work")
        self.assertEqual(self.compare("--seeds", "2", output="mine").returncode, 2)
        done = self.compare("--seeds", "2", "--force", output="mine")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.read("mine", "thesis.tex"), "years of work")
        self.assertEqual(self.summary("mine")["runs_finished"], 8)

    def test_what_stands_in_a_runs_place_is_not_removed_even_by_force(self):
        os.makedirs(self.path("out", "runs", "rr-1"))
        self.write("out/runs/rr-1/thesis.tex", "years of work")
        for force in ([], ["--force"]):
            done = self.compare(*force)
            self.assertEqual(done.returncode, 2)
            self.assertIn("thesis.tex", done.stderr)
            self.assertEqual(self.read("out", "runs", "rr-1", "thesis.tex"), "years of work")
            self.assertEqual(os.listdir(self.path("out", "runs")), ["rr-1"])
        self.write("out/runs/notes", "mine")
        self.assertIn("runs/notes", self.compare("--schedulers", "wlc").stderr)

    def test_a_reader_who_goes_does_not_keep_the_page_from_being_made(self):
        reader, writer = os.pipe()
        os.close(reader)
        try:
            subprocess.run(self.command("--seeds", "2"), cwd=self.folder.name, stdout=writer,
                           stderr=subprocess.DEVNULL, check=False)
        finally:
            os.close(writer)
        self.assertIn("</html>", self.read("out", "index.html"))
        self.assertEqual(self.summary()["runs_finished"], 8)

    def test_needs_no_open_standard_streams(self):
        done = subprocess.run(["sh", "-c", '"$@" <&- >&- 2>&-', "sh",
                               *self.command("--seeds", "2")], cwd=self.folder.name, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertIn("</html>", self.read("out", "index.html"))

    def test_words_that_find_no_room_are_told_and_the_results_are_kept(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run(self.command("--seeds", "2"), cwd=self.folder.name, stdout=full,
                                  stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("standard output: No space left", done.stderr)
        self.assertIn("</html>", self.read("out", "index.html"))

    def test_a_page_that_cannot_be_made_costs_no_number_and_leaves_no_older_page(self):
        self.compare("--seeds", "2")
        os.remove(self.path("out", "index.html"))
        os.mkdir(self.path("out", "index.html"))
        self.write("out/index.html/notes", "mine")
        done = self.compare("--seeds", "2")
        self.assertEqual(done.returncode, 1)
        self.assertIn("index.html cannot be written: Is a directory", done.stderr)
        self.assertIn("the numbers are all there", done.stderr)
        self.assertEqual(self.summary()["runs_finished"], 8)

    def test_a_warning_of_the_lvs_cf_is_told_once_when_a_run_refuses(self):
        self.write("lvs.cf", "tcp_timeout = 250ms\n" + self.read("lvs.cf"))
        self.write("refuse", "#!/bin/sh\necho 'lvs.cf:1:15: warning: extension: Piranha would stop "
                             "here with \"integer expected\"' >&2\necho no >&2\nexit 2\n")
        os.chmod(self.path("refuse"), 0o755)
        done = self.compare(runner=self.path("refuse"))
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr.count("lvs.cf:1:15: warning"), 1, done.stderr)
        self.assertRegex(done.stderr, r"(?m)^no$")

    def test_an_unknown_scheduler_is_refused_by_name(self):
        done = self.compare("--schedulers", "wlc,fastest")
        self.assertEqual(done.returncode, 2)
        self.assertIn('no scheduler is called "fastest"', done.stderr)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_ctrl_c_leaves_what_is_finished_and_says_so(self):
        # One at a time: the four of seed 1 and rr-2 end, wlc-2 hangs.
        child = subprocess.Popen(self.command("--jobs", "1"), cwd=self.folder.name, text=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env={**os.environ, "TOY_HANG": "wlc-2"})
        for line in child.stderr:
            if line.startswith("[5/16]"):
                break
        while not os.path.exists(self.path("out", "runs", "wlc-2")):
            self.assertIsNone(child.poll())
        child.send_signal(signal.SIGINT)
        output, _ = child.communicate(timeout=120)
        self.assertEqual(child.returncode, 130)
        self.assertIn("Incomplete: 5 of 16 runs finished before it was interrupted", output)
        self.assertIn("Incomplete: 5 of 16", self.read("out", "index.html"))
        self.assertEqual(sorted(os.listdir(self.path("out", "runs"))),
                         ["dh-1", "rr-1", "rr-2", "sed-1", "wlc-1"])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[3:]], verbosity=2)

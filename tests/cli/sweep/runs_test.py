# SPDX-License-Identifier: GPL-2.0-only
"""`lvslab sweep` from the sweep file to tables and page, on this machine."""
import json
import os
import shutil
import subprocess

from fixture import LVSLAB, TINY, SweepTest, main

from sweeps import BadInput, quantities, run_sweep
from sweeps.workers import Workers

SPEEDS = '{ servers.web2.speed: [0.1, 1], "config.virtual[shop].scheduler": [rr, wlc] }'


def sweep(*arguments, page=False):
    command = [LVSLAB, "sweep", *arguments] + ([] if page else ["--no-page"])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Runs(SweepTest):
    def test_the_table_has_what_single_runs_have(self):
        out = self.path("out")
        code, said, errors = sweep(self.sweep_of(SPEEDS, "seeds: 2\nmeasure: [p95, jain]\n"),
                                   "--output", out)
        self.assertEqual((code, errors), (0, ""))
        self.assertIn("4 points, 8 runs", said)
        rows = self.rows()
        self.assertEqual([(r["point"], r["seed"]) for r in rows],
                         [(str(p), str(s)) for p in range(4) for s in (1, 2)])
        self.assertEqual(len({r["fingerprint"] for r in rows}), 8)
        # One of the points by hand.
        shutil.copytree(os.path.dirname(TINY), self.path("tiny"))
        scenario = self.write("tiny/tiny.yaml", self.read("tiny/tiny.yaml").replace(
            "web2: {", "web2: { speed: 0.1,"))
        subprocess.run([LVSLAB, "run", scenario, "--seed", "2", "--output", self.path("one"),
                        "--quiet"], check=True)
        summary = json.loads(self.read("one/summary.json"))
        by_hand = [r for r in rows if r["servers.web2.speed"] == "0.1" and r["seed"] == "2"
                   and r["config.virtual[shop].scheduler"] == "wlc"][0]
        self.assertEqual(float(by_hand["p95"]), summary["total"]["response_time_p95"])
        self.assertEqual(float(by_hand["jain"]), summary["balance"]["jain"])

    def test_quantities_that_can_be_named_are_in_a_summary(self):
        subprocess.run([LVSLAB, "run", TINY, "--output", self.path("one"), "--quiet"], check=True)
        summary = json.loads(self.read("one/summary.json"))
        for section, names in quantities.SECTIONS.items():
            self.assertLessEqual(set(names), set(summary[section]), section)
        for section, (key, names) in quantities.LISTS.items():
            self.assertLessEqual({key, *names}, set(summary[section][0]), section)

    def test_the_same_sweep_is_the_same_bytes_however_many_run_at_a_time(self):
        file = self.sweep_of(SPEEDS, "seeds: 2\n")
        self.assertEqual(sweep(file, "--output", self.path("a"), "--workers", "1", page=True)[0],
                         0)
        self.assertEqual(sweep(file, "--output", self.path("b"), "--workers", "3", page=True)[0],
                         0)
        self.assertEqual(self.tree("a"), self.tree("b"))
        self.assertIn("<svg", self.read("a/index.html"))

    def test_seeds_stop_where_the_interval_is_narrow(self):
        file = self.sweep_of("{ servers.web2.speed: [1, 0.02] }",
                             "seeds: { until: p50 half-width <= 10ms, least: 3, most: 6 }\n"
                             "measure: p50\n")
        result = run_sweep(file, output=self.path("out"), lvslab=LVSLAB, page=False)
        seeds = list(result.summary["seeds"])
        widths = list(result.summary["p50 half-width"])
        self.assertLess(seeds[0], 6)
        self.assertLessEqual(widths[0], 0.010)
        self.assertTrue(seeds[1] == 6 or widths[1] <= 0.010, (seeds, widths))

    def test_a_frame_has_numbers_and_paired_differences(self):
        result = run_sweep({"sweep": "s", "scenario": TINY, "seeds": 3, "measure": ["p50"],
                            "parameters": {"servers.*.speed": [1, 0.5]}},
                           output=self.path("out"), lvslab=LVSLAB, page=False)
        self.assertEqual(result.points.groupby("servers.*.speed").size().to_dict(), {1.0: 3, 0.5: 3})
        by_hand = (result.points[result.points.point == 1]["p50"].values
                   - result.points[result.points.point == 0]["p50"].values).mean()
        self.assertAlmostEqual(result.differences["p50"][1], by_hand)
        self.assertGreater(by_hand, 0)


class Resuming(SweepTest):
    def test_what_is_finished_is_not_run_again(self):
        lvslab, out = self.program(), self.path("out")
        file = self.sweep_of("{ servers.web2.speed: [0.5, 1] }", "seeds: 2\n")
        self.assertEqual(sweep(file, "--output", out, "--lvslab", lvslab)[0], 0)
        self.assertEqual(self.number_of_runs(), 4)
        before = self.tree("out")
        # Half a file is none.
        key = self.rows()[0]["fingerprint"]
        self.write(f"out/finished/{key}.json", before[f"finished/{key}.json"].decode()[:100])
        self.assertEqual(sweep(file, "--output", out, "--lvslab", lvslab)[0], 0)
        self.assertEqual(self.number_of_runs(), 5)
        self.assertEqual(self.tree("out"), before)
        # One point more, one seed more: only those.
        file = self.sweep_of("{ servers.web2.speed: [0.5, 1, 2] }", "seeds: 3\n")
        self.assertEqual(sweep(file, "--output", out, "--lvslab", lvslab)[0], 0)
        self.assertEqual(self.number_of_runs(), 5 + 5)
        self.assertEqual(len(self.rows()), 9)

    def test_ctrl_c_keeps_what_is_finished(self):
        lvslab, out = self.program(), self.path("out")
        file = self.sweep_of("{ servers.web2.speed: [0.5, 1, 2] }", "seeds: 2\n")
        # The fourth run interrupts the sweep and never ends by itself.
        self.mode(f'[ $(wc -l < "{self.path("runs")}") -lt 4 ] || '
                  "{ kill -INT $PPID; exec tail -f /dev/null; }")
        code, _, errors = sweep(file, "--output", out, "--lvslab", lvslab, "--workers", "1")
        self.assertEqual(code, 130, errors)
        # The third may have ended without having been told to the sweep.
        kept = len(self.rows())
        self.assertIn(kept, (2, 3))
        self.assertIn(f"{kept} runs are kept", errors)
        self.mode("")
        self.assertEqual(sweep(file, "--output", out, "--lvslab", lvslab)[0], 0)
        self.assertEqual(self.number_of_runs(), 4 + 6 - kept)
        self.assertEqual(len({(r["point"], r["seed"]) for r in self.rows()}), 6)

    def refused(self, *arguments):
        code, _, errors = sweep(self.sweep_of("{ servers.web2.speed: [0.5, 1] }"), "--output",
                                self.path("out"), *arguments)
        self.assertEqual(code, 2, errors)
        self.assertNotIn("Traceback", errors)
        self.assertFalse(os.path.exists(self.path("out")))
        return errors

    def test_what_is_no_address_of_a_scheduler_is_refused(self):
        for address in ("foo", "tcp://127.0.0.1", "tcp://127.0.0.1:99999", "ftp://127.0.0.1:1"):
            self.assertIn(f'"{address}" is no address of a dask scheduler',
                          self.refused("--scheduler", address))

    def test_the_program_that_was_named_runs_and_no_other(self):
        self.assertIn("/bin/nope: no such program", self.refused("--lvslab", "/bin/nope"))
        self.assertIn("/bin/true: is no lvslab", self.refused("--lvslab", "/bin/true"))

    def test_a_cluster_that_is_slow_to_close_is_no_finding(self):
        asked = []

        class Slow:
            def close(self, timeout):
                asked.append(timeout)
                raise TimeoutError(f"timed out after {timeout} s.")
        workers = Workers.__new__(Workers)
        workers._tasks, workers._client, workers._cluster = {}, Slow(), Slow()
        workers.close()
        self.assertEqual(len(asked), 2)

    def test_a_run_that_crashes_is_tried_again(self):
        lvslab, out = self.program(), self.path("out")
        file = self.sweep_of("{ servers.web2.speed: [0.5, 1] }", "seeds: 2\n")
        self.mode(f'[ $(wc -l < "{self.path("runs")}") -ne 2 ] || kill -KILL $$')
        self.assertEqual(sweep(file, "--output", out, "--lvslab", lvslab, "--workers", "1")[0], 0)
        self.assertEqual(self.number_of_runs(), 5)
        self.assertEqual(len(self.rows()), 4)

    def test_a_point_that_always_crashes_is_told_and_the_others_are_there(self):
        lvslab, out = self.program(), self.path("out")
        file = self.sweep_of("{ servers.web2.speed: [0.5, 1] }", "seeds: 2\n")
        self.mode("[ $seed -ne 2 ] || kill -KILL $$")
        code, _, errors = sweep(file, "--output", out, "--lvslab", lvslab)
        self.assertEqual(code, 1)
        self.assertEqual(errors.count("SIGKILL"), 2, errors)
        self.assertIn("point 1 (servers.web2.speed = 1)", errors)
        self.assertEqual([r["seed"] for r in self.rows()], ["1", "1"])


class BadInputs(SweepTest):
    def test_values_that_the_scenario_refuses_are_found_before_the_first_run(self):
        lvslab = self.program()
        file = self.sweep_of("{ servers.web2.speed: [1, 0, 2], servers.web1.spede: [1, 2], "
                             "drain: [1s, 2] }")
        code, said, errors = sweep(file, "--output", self.path("out"), "--lvslab", lvslab)
        self.assertEqual((code, said), (2, ""))
        places = [line.split(": ")[0].replace(file, "") for line in errors.splitlines()
                  if line.startswith(file)]
        # speed 0; both values of what there is not; 2 without a unit.
        self.assertEqual(places, [":3:39", ":3:67", ":3:70", ":3:86"], errors)
        self.assertEqual(self.number_of_runs(), 0)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_they_are_told_with_all_else_that_is_wrong_in_the_file(self):
        file = self.sweep_of("{ servers.web2.speed: [1, 0], servers.web1.speed: { from: 2, "
                             "to: 1 } }", "seeds: many\nworlds: flow\n")
        code, said, errors = sweep(file, "--output", self.path("out"))
        self.assertEqual((code, said), (2, ""))
        self.assertEqual([line.split(": ")[0].replace(file, "") for line in errors.splitlines()],
                         [":3:39", ":3:71", ":4:8", ":5:1"], errors)
        self.assertFalse(os.path.exists(self.path("out")))

    def test_what_is_wrong_with_the_scenario_itself_is_told_once(self):
        self.write("x.yaml", "scenario: x\nservrs: 3\n")
        file = self.write("s.yaml", "sweep: s\nscenario: x.yaml\n"
                                    "parameters: { drain: [1s, 2s], seed: 1 }\n")
        code, _, errors = sweep(file, "--output", self.path("out"))
        self.assertEqual(code, 2)
        self.assertIn(f"{file}:2:11: the scenario is refused: x.yaml:", errors)
        self.assertEqual(errors.count('did you mean "servers"'), 1, errors)

    def test_a_folder_of_something_else_is_left_alone(self):
        file = self.sweep_of("{ drain: [1s, 2s] }")
        code, _, errors = sweep(file, "--output", self.folder)
        self.assertEqual(code, 2)
        self.assertIn("holds other files", errors)

    def test_wrong_options_and_missing_files_end_with_2(self):
        file = self.sweep_of("{ drain: [1s, 2s] }")
        for arguments, message in (
                (("--no-such-option",), "unrecognized arguments: --no-such-option"),
                (("--workers", "0"), 'argument --workers: "0" is no whole number from 1'),
                (("--output", ""), "argument --output: the path is empty"),
                (("--scheduler", "tcp://127.0.0.1:1", "--workers", "2"), "argument --workers: is "
                 "for this machine, not for a --scheduler"),
                (("--wait-for-workers", "1s"), "argument --wait-for-workers: is for a "
                 "--scheduler")):
            self.assertEqual(sweep(file, *arguments), (2, "", f"lvslab sweep: {message} "
                                                       "(--help tells what there is)\n"))
        code, _, errors = sweep(file, "--output", os.path.join(file, "out"))
        self.assertEqual((code, errors), (2, f"lvslab sweep: {file}/out: Not a directory\n"))
        code, _, errors = sweep(self.path("nowhere.yaml"))
        self.assertEqual((code, errors),
                         (2, f"{self.path('nowhere.yaml')}: No such file or directory\n"))
        self.assertEqual(sweep("--help")[0], 0)

    def test_python_raises_all_findings(self):
        with self.assertRaises(BadInput) as caught:
            run_sweep({"sweep": "s", "world": "x", "scenario": "nowhere"}, lvslab=LVSLAB)
        self.assertEqual(len(caught.exception.findings), 2)

    def test_options_are_told_with_the_files_mistakes(self):
        with self.assertRaises(BadInput) as caught:
            run_sweep({"sweep": "s", "scenario": TINY, "world": "flow", "measure": "x"},
                      output=self.path("out"), lvslab=LVSLAB, scheduler="foo", workers=0,
                      wait_for_workers="60s")
        self.assertEqual([str(f).split(":")[0] for f in caught.exception.findings],
                         ["scheduler", "sweep", "wait_for_workers", "workers"])
        for options in ({"workers": 2, "scheduler": "tcp://127.0.0.1:1"}, {"wait_for_workers": 1}):
            with self.assertRaises(BadInput):
                run_sweep(TINY.replace("tiny.yaml", "s.yaml"), lvslab=LVSLAB, **options)
        for no_sweep in (7, None, ["a"]):
            with self.assertRaisesRegex(TypeError, "no sweep"):
                run_sweep(no_sweep, lvslab=LVSLAB)

    def test_python_values_are_as_good_as_a_files(self):
        import numpy
        file = {"sweep": "s", "scenario": TINY, "world": "flow", "seeds": numpy.int64(1),
                "parameters": {"servers.web1.speed": numpy.array([1.0, 2.0]),
                               "servers.web1.workers": range(1, 3), "drain": ("1s",)}}
        self.assertIsNone(run_sweep(file, lvslab=LVSLAB, check_only=True))


main()

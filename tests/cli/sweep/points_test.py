# SPDX-License-Identifier: GPL-2.0-only
"""The points of a sweep, its seeds, its stopping rule and its mistakes, without a run."""
import math

from fixture import TINY, SweepTest, main

from sweeps import cluster_files, config_text, intervals, quantities, scenario_text, sweep_file, values
from sweeps.findings import BadInput


class Points(SweepTest):
    def sweep(self, text):
        return sweep_file.read(self.write("s.yaml", f"sweep: s\nscenario: {TINY}\n{text}"))

    def test_a_grid_is_every_combination_the_last_parameter_fastest(self):
        sweep = self.sweep("parameters:\n"
                           "  servers.web1.speed: { from: 0.5, to: 1.5, step: 0.5 }\n"
                           "  config.virtual[shop].scheduler: [rr, wlc]\n")
        self.assertEqual(sweep.points, [("0.5", "rr"), ("0.5", "wlc"), ("1", "rr"), ("1", "wlc"),
                                        ("1.5", "rr"), ("1.5", "wlc")])

    def test_ranges_have_units_scales_and_words_around_them(self):
        sweep = self.sweep("parameters:\n"
                           "  drain: { from: 1s, to: 100s, count: 3, scale: log }\n"
                           "  workload.shop.arrivals: { from: 10, to: 30, step: 10, "
                           'as: "poisson {}/s" }\n')
        self.assertEqual(sweep.parameters[0].values, ["1s", "10s", "100s"])
        self.assertEqual(sweep.parameters[1].values,
                         ["poisson 10/s", "poisson 20/s", "poisson 30/s"])
        self.assertEqual(values.axis(sweep.parameters[1].values),
                         ([10.0, 20.0, 30.0], "poisson …/s"))
        self.assertIsNone(values.axis(["rr", "wlc"]))
        self.assertIsNone(values.axis(["10ms", "1s"]))

    def test_a_sample_is_drawn_from_its_seed_and_fills_the_space(self):
        text = ("parameters:\n  servers.web1.speed: { from: 1, to: 4, scale: log }\n"
                "  servers.web2.speed: [1, 2]\nsample: { %s: 16, seed: %d }\n")
        for method in ("random", "sobol", "latin"):
            points = self.sweep(text % (method, 1)).points
            self.assertEqual(points, self.sweep(text % (method, 1)).points)
            self.assertNotEqual(points, self.sweep(text % (method, 2)).points)
            self.assertEqual(len(points), 16)
            self.assertTrue(all(1 <= float(a) <= 4 for a, _ in points))
        for method in ("sobol", "latin"):
            # Each of 16 equal slices of the logarithm has exactly one point.
            slices = {int(16 * math.log(float(a)) / math.log(4))
                      for a, _ in self.sweep(text % (method, 1)).points}
            self.assertEqual(slices, set(range(16)))
            self.assertEqual(sum(b == "1" for _, b in self.sweep(text % (method, 1)).points), 8)

    def test_all_points_share_their_seeds_unless_told_otherwise(self):
        paired = self.sweep("parameters: { drain: [1s, 2s] }\nseeds: { count: 3, first: 7 }\n")
        self.assertEqual([[paired.seeds.seed(p, k) for k in range(3)] for p in (0, 1)],
                         [[7, 8, 9], [7, 8, 9]])
        own = self.sweep("parameters: { drain: [1s, 2s] }\n"
                         "seeds: { count: 3, first: 7, paired: no }\n")
        self.assertEqual([[own.seeds.seed(p, k) for k in range(3)] for p in (0, 1)],
                         [[7, 8, 9], [10, 11, 12]])

    def test_values_go_where_the_path_leads_and_nothing_else_changes(self):
        before = ("servers:\n  a: { speed: 1 }  # slow\n  b:\n    speed: 2\nlist: [{ at: 1s }]\n"
                  "x: lognormal { mean: 1KiB, sigma: 1 }\n")
        self.assertEqual(scenario_text.put(before, "servers.*.speed", "9"),
                         before.replace("speed: 1", "speed: 9").replace("speed: 2", "speed: 9"))
        self.assertEqual(scenario_text.put(before, "list[0].at", "3s"),
                         before.replace("1s", "3s"))
        self.assertEqual(scenario_text.put(before, "servers.b.link.delay", "5ms"),
                         before.replace("    speed: 2", "    link: { delay: 5ms }\n    speed: 2"))
        self.assertEqual(scenario_text.put(before, "servers.a.queue", "0"),
                         before.replace("{ speed: 1 }", "{ queue: 0, speed: 1 }"))
        self.assertEqual(scenario_text.put(before, "x", "constant 1B"),
                         before.replace("lognormal { mean: 1KiB, sigma: 1 }", "constant 1B"))
        for path in ("servers", "list[1].at", "x.y", "nothing.*.speed"):
            with self.assertRaises(scenario_text.NoSuchPlace, msg=path):
                scenario_text.put(before, path, "1")

    def test_directives_are_set_in_the_blocks_that_are_named(self):
        before = ("deadtime = 18 \nvirtual a {\n  port = 80\n  server s {\n    weight = 1\n  }\n}\n"
                  "virtual b {\n  port = 81\n  persistent = 5\n}\n")
        self.assertEqual(config_text.put(before, "deadtime", "6"),
                         (before.replace("deadtime = 18 ", "deadtime = 6"), 1))
        self.assertEqual(config_text.put(before, "virtual[a].server[*].weight", "3"),
                         (before.replace("weight = 1", "weight = 3"), 1))
        self.assertEqual(config_text.put(before, "virtual[*].persistent", "9"),
                         (before.replace("= 5", "= 9").replace("virtual a {\n", "virtual a {\n"
                                                               "    persistent = 9\n"), 2))
        self.assertEqual(config_text.put(before, "virtual[c].port", "9"), (before, 0))

    def test_files_above_the_scenario_travel_with_it(self):
        self.assertEqual(cluster_files.laid_out("s.yaml", {"s.yaml": b"", "../x/lvs.cf": b"",
                                                           "a.txt": b""}),
                         ("d/s.yaml", {"d/s.yaml": b"", "x/lvs.cf": b"", "d/a.txt": b""}))


    def test_files_that_values_name_travel_too(self):
        self.write("x.yaml", "scenario: x\nconfig: a.cf\n")
        self.write("a.cf", "deadtime = 1\n")
        self.write("b.cf", "deadtime = 2\n")
        sweep = sweep_file.read(self.write("s.yaml", "sweep: s\nscenario: x.yaml\nparameters:\n"
                                           "  config: [a.cf, b.cf]\n  config.deadtime: [9]\n"))
        scenario, files = cluster_files.with_values(sweep.files, sweep.values_of(1))
        self.assertEqual((scenario, files), ("x.yaml", {
            "x.yaml": b"scenario: x\nconfig: b.cf\n", "a.cf": b"deadtime = 9\n",
            "b.cf": b"deadtime = 9\n"}))


class Stopping(SweepTest):
    def test_the_half_width_is_students(self):
        # 1..5: mean 3, deviation sqrt(2.5), t(4, 97.5 %) = 2.776445.
        i = intervals.interval([1, 2, 3, 4, 5, None])
        self.assertEqual((i.mean, i.n), (3, 5))
        self.assertAlmostEqual(i.half_width, 2.776445 * math.sqrt(2.5 / 5), places=5)
        self.assertEqual(intervals.interval([None]), intervals.Interval(None, None, 0))
        self.assertIsNone(intervals.interval([4]).half_width)

    def test_pairs_take_out_what_seeds_have_in_common(self):
        base = {1: 10.0, 2: 20.0, 3: 30.0}
        i = intervals.paired_difference({1: 11.0, 2: 21.0, 3: 31.0, 4: 99.0}, base)
        self.assertEqual((i.mean, i.half_width, i.n), (1.0, 0.0, 3))

    def test_seeds_are_added_until_every_interval_is_narrow_or_there_are_most(self):
        seeds = intervals.Seeds(1, 3, 6, 2, (intervals.Target("p95", 0.1, True),
                                             intervals.Target("p50", 0.5, False)))
        narrow = {"p95": [100, 101, 99], "p50": [1.0, 1.1, 0.9]}
        self.assertEqual(seeds.wanted(narrow.get, 0), 3)
        self.assertEqual(seeds.wanted(narrow.get, 3), 3)
        wide = {"p95": [100, 101, 99], "p50": [1.0, 3.0, 2.0]}
        self.assertEqual(seeds.wanted(wide.get, 3), 5)
        self.assertEqual(seeds.wanted(wide.get, 5), 6)
        self.assertEqual(seeds.wanted(wide.get, 6), 6)


class Mistakes(SweepTest):
    def findings(self, text):
        with self.assertRaises(BadInput) as caught:
            sweep_file.read(self.write("s.yaml", text))
        return [(f.line, f.column, f.text) for f in caught.exception.findings]

    def test_all_are_told_at_once_each_at_its_place(self):
        found = self.findings(
            "sweep: a b\nscenrio: x\nscenario: nowhere.yaml\nworld: pocket\nparameters:\n"
            "  servers.web1.speed: { from: 10ms, to: 5ms, step: 1ms }\n  config.bad[: [1]\n"
            "  y: { from: 1, to: 3 }\n  z: [1, 2, 1]\n"
            "seeds: { until: p94 half-width <= 2%, least: 9, most: 3 }\n"
            "measure: [p50, servers.web1.shar]\nconfidence: 20%\n")
        self.assertEqual([(line, column) for line, column, _ in found],
                         [(1, 8), (2, 1), (3, 11), (4, 8), (6, 31), (7, 3), (8, 6), (9, 13),
                          (10, 17), (10, 46), (11, 16), (12, 13)])
        self.assertIn('did you mean "scenario"?', found[1][2])
        self.assertIn('did you mean "share"?', found[10][2])

    def test_what_is_unknown_is_told_with_what_is_near(self):
        found = self.findings(
            f"sweep: s\nscenario: {TINY}\ngrids: {{ drain: [1s, 2s] }}\nsedes: 3\nmetrics: p50\n"
            "world: flwo\nwhatever: 1\nsample: { sobel: 4 }\n"
            "parameters: { drain: { form: 1s, to: 2s, setp: 1s } }\n"
            "baseline: { drian: 1s }\n")
        said = {(line, column): text for line, column, text in found}
        for place, hint in (((3, 1), "parameters"), ((4, 1), "seeds"), ((5, 1), "measure"),
                            ((6, 8), "flow"), ((8, 11), "sobol"), ((9, 24), "from"),
                            ((9, 42), "step"), ((10, 13), "drain")):
            self.assertIn(f'did you mean "{hint}"?', said[place])
        self.assertIn("known here: sweep, about, scenario", said[7, 1])

    def test_mistakes_of_every_kind_are_told_together(self):
        found = self.findings(
            f"sweep: s\nscenario: {TINY}\nsede: 3\nparameters:\n  faults[0].at: [1s]\n"
            "  config.virtual[shops].port: [80]\n  drain: [1s, 2s]\nbaseline: { drain: 9s }\n")
        self.assertEqual([(line, column) for line, column, _ in found],
                         [(3, 1), (5, 3), (6, 3), (8, 11)])

    def test_what_would_have_no_meaning_is_told(self):
        found = self.findings(
            f"sweep: s\nscenario: {TINY}\nseeds: {{ count: 3, least: 2 }}\nparameters:\n"
            "  drain: { values: [1s, 2s], step: 1s }\n"
            "  servers.web1.speed: { from: 2, to: 1, step: 1, count: 3, as: x, whole: [1] }\n"
            "measure: nope\n")
        self.assertEqual([(line, column) for line, column, _ in found],
                         [(3, 27), (5, 36), (6, 31), (6, 57), (6, 64), (6, 74), (7, 10)])
        self.assertIn("known here: p50, p95", found[-1][2])

    def test_a_path_that_needs_quotes_is_told_so(self):
        found = self.findings(f"sweep: s\nscenario: {TINY}\n"
                              "parameters: { config.virtual[shop].port: [80] }\n")
        self.assertIn("needs quotes", found[0][2])

    def test_paths_and_names_are_held_against_the_scenario(self):
        found = self.findings(
            f"sweep: s\nscenario: {TINY}\nparameters:\n  faults[0].at: [1s]\n"
            "  config.virtual[shops].port: [80]\n  drain.x: [1s]\n  drain: [1s, 2s]\n")
        self.assertEqual([(line, column) for line, column, _ in found], [(4, 3), (5, 3), (6, 3)])
        found = self.findings(f"sweep: s\nscenario: {TINY}\nmeasure: servers.web9.share\n"
                              "parameters: { drain: [1s, 2s] }\nbaseline: { drian: 1s }\n")
        self.assertEqual(found, [(3, 10, 'the scenario has no server "web9"'),
                                 (5, 13, '"drian" is unknown; did you mean "drain"?')])

    def test_broken_yaml_is_told_with_its_place(self):
        self.assertEqual(self.findings("sweep: [a\n")[0][:2], (2, 1))
        self.assertEqual(self.findings(f"sweep: s\nscenario: {TINY}\nparameters: {{ ? [a] : 1 }}"),
                         [(3, 17, "a key is a word")])
        self.assertEqual(self.findings("sweep: a\nsweep: b\n")[1],
                         (2, 1, '"sweep" is given twice'))

    def test_quantities_are_found_by_short_and_long_names(self):
        summary = {"total": {"response_time_p95": 2.5}, "balance": {"jain": 1.0},
                   "servers": [{"server": "web1", "share": 0.25}]}
        for name, value in (("p95", 2.5), ("total.response_time_p95", 2.5), ("jain", 1.0),
                            ("servers.web1.share", 0.25), ("servers.web2.share", None)):
            self.assertIsNone(quantities.complaint(name, {}))
            self.assertEqual(quantities.value_of(summary, name), value)


main()

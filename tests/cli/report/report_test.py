# SPDX-License-Identifier: GPL-2.0-only
"""The page of one run. Called as report_test.py LVSLAB SOURCES."""
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

LVSLAB, SOURCES = sys.argv[1:3]
sys.path.insert(0, os.path.join(SOURCES, "sim", "report", "lvslab_report"))
import run_result  # noqa: E402
import story  # noqa: E402

CLIENTS = dict(connections=60, served=50, refused=10, reset=0, timed_out=0, unfinished=0,
               response_time_p50=0.08, response_time_p95=0.3, response_time_p99=0.5,
               response_time_max=6.1, outage=5.8)
SUMMARY = {
    "format": "lvslab-summary-1", "scenario": "a <story>", "world": "packet", "scheduler": "",
    "seed": 1, "duration": 60.0, "total": CLIENTS, "workloads": [dict(CLIENTS, workload="shop")],
    "servers": [dict(server="web1", weight=1, connections=60, share=1.0, served=50)],
    "routers": [dict(router="lvs1"), dict(router="lvs2")],
    "takeovers": [{"at": 44.0, "from": "lvs1", "to": "lvs2", "failed": 40.0, "time": 4.0, "open": 7,
                   "survived": 3}],
}
TIMELINE = """time,kind,subject,detail
0,active,lvs1,settled
0,raised,lvs1,192.168.26.10
0,put_in,web1,HTTP at lvs1
20,fault,crash web1,0
20,node,web1,crashed
25,taken_out,web1,HTTP at lvs1
30,node,web1,up
33,put_back,web1,HTTP at lvs1
40,fault,crash lvs1,1
40,node,lvs1,crashed
44,active,lvs2,partner dead
44,raised,lvs2,192.168.26.10
45,put_in,web1,HTTP at lvs2
50,node,lvs1,up
"""
HEARTBEATS = """time,router,path,event,running
1,lvs1,public,sent,true
1,lvs2,public,heard,true
2,lvs1,private,heard,false
"""
REFUSALS = """time,seconds,opened,served,refused,reset,timed_out,unfinished
0,1,10,10,0,0,0,0
1,1,10,0,10,0,0,0
2,1,0,0,0,0,0,0
"""


class Report(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.folder = holder.name

    def write(self, **files):
        for name, text in files.items():
            with open(os.path.join(self.folder, name.replace("_csv", ".csv").replace("_json", ".json")),
                      "w", encoding="utf-8") as out:
                out.write(text)

    def run_of_a_takeover(self, **changes):
        self.write(summary_json=json.dumps(dict(SUMMARY, **changes)), timeline_csv=TIMELINE,
                   heartbeats_csv=HEARTBEATS, refusals_csv=REFUSALS)
        return run_result.Run(self.folder)

    def report(self):
        return subprocess.run([LVSLAB, "report", self.folder], capture_output=True, text=True,
                              check=False)

    def test_routers_roles_give_way_to_what_befell_the_machine(self):
        rows = dict(self.run_of_a_takeover().router_rows())
        self.assertEqual(rows["lvs1"], [(0, 40, "active", ""), (40, 50, "crashed", ""),
                                        (50, 60, "standby", "")])
        self.assertEqual(rows["lvs2"], [(0, 44, "standby", ""), (44, 60, "active", "")])

    def test_nobody_answers_for_an_address_between_the_crash_and_the_takeover(self):
        rows = dict(self.run_of_a_takeover().address_rows())
        self.assertEqual(rows["192.168.26.10"], [(0, 40, "held", "lvs1"), (44, 60, "held", "lvs2")])

    def test_a_dead_server_is_shown_until_it_is_taken_out(self):
        rows = dict(self.run_of_a_takeover().server_rows())
        self.assertEqual([span[:3] for span in rows["web1"]],
                         [(0, 20, "in"), (20, 25, "crashed"), (25, 33, "out"), (33, 40, "in"),
                          (44, 45, "out"), (45, 60, "in")])

    def test_what_a_router_clears_when_it_yields_leaves_the_other_ones_servers_in(self):
        self.run_of_a_takeover()
        self.write(timeline_csv=TIMELINE + "55,active,lvs1,partner silent\n"
                   "55,put_in,web1,HTTP at lvs1\n57,inactive,lvs2,partner active\n"
                   "57,taken_out,web1,HTTP at lvs2\n")
        run = run_result.Run(self.folder)
        self.assertEqual(dict(run.server_rows())["web1"][-1], (45, 60, "in", ""))

    def test_only_heard_heartbeats_are_shown(self):
        self.assertEqual(self.run_of_a_takeover().heartbeat_rows(),
                         [("lvs1, private", [(2.0, False)]), ("lvs2, public", [(1.0, True)])])

    def test_losses_end_with_the_last_connection(self):
        self.assertEqual([row["refused"] for row in self.run_of_a_takeover().losses()], [0, 10])

    def test_the_page_shows_the_story_and_needs_nothing_else(self):
        self.run_of_a_takeover()
        done = self.report()
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.folder, "index.html"), encoding="utf-8") as text:
            page = text.read()
        self.assertEqual(page.count("<svg "), 1)
        self.assertIn("lvs2 took over from lvs1, 4.000 s after it failed", page)
        self.assertIn("a &lt;story&gt;", page)
        self.assertIsNone(re.search(r"<(script|link|img|iframe)\b|@import", page))

    def test_same_result_same_bytes(self):
        run = self.run_of_a_takeover()
        self.assertEqual(story.tell(run), story.tell(run_result.Run(self.folder)))

    def test_a_run_without_daemons_and_faults_has_no_story(self):
        self.write(summary_json=json.dumps(dict(SUMMARY, takeovers=[], routers=[])))
        self.assertEqual(self.report().returncode, 0)
        with open(os.path.join(self.folder, "index.html"), encoding="utf-8") as text:
            self.assertNotIn("<svg ", text.read())

    def test_another_folder_is_refused_and_left_alone(self):
        self.write(summary_json='{"format": "something else"}')
        done = self.report()
        self.assertEqual(done.returncode, 2)
        self.assertIn(self.folder, done.stderr)
        self.assertEqual(os.listdir(self.folder), ["summary.json"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])

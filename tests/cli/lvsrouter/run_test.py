# SPDX-License-Identifier: GPL-2.0-only
"""`lvsrouter run` and `clean` where no router is or can be, in a network namespace of their own.

Called as run_test.py LVSROUTER.
"""
import os
import unittest

from rules_test import LVSROUTER, OwnNetwork, enter_own_network, run


class Run(OwnNetwork):
    def run_router(self, config):
        state = os.path.join(self.folder.name, "state")
        return run(LVSROUTER, "run", "--config", config, "--state", state, "--control",
                   os.path.join(self.folder.name, "control"), check=False)

    def test_a_host_outside_of_the_cluster_is_refused_with_the_line_of_primary(self):
        config = self.config()
        self.become(("192.168.26.10/24", "eth0"))
        done = self.run_router(config)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{config}:1:11: this host has neither the address of primary "
                      "(192.168.26.9) nor that of backup (192.168.26.8)", done.stderr)

    def test_the_address_of_an_interface_that_is_down_counts(self):
        self.become(("192.168.26.8/24", "eth0"))
        run("ip", "link", "set", "eth0", "down")
        self.assertNotIn("this host has neither", self.run_router(self.config()).stderr)


class Clean(OwnNetwork):
    def clean(self, state):
        return run(LVSROUTER, "clean", "--state", state, check=False)

    def test_where_no_router_ran_there_is_nothing_to_do(self):
        state = os.path.join(self.folder.name, "state")
        done = self.clean(state)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout,
                         f"{state} is not there: no router ran with it, nothing to do\n")
        self.assertFalse(os.path.exists(state))

    def test_a_state_folder_that_is_none_is_refused(self):
        done = self.clean(self.config())
        self.assertEqual(done.returncode, 2)
        self.assertIn("lvs.cf/lock: cannot be opened: Not a directory", done.stderr)


if __name__ == "__main__":
    enter_own_network()
    unittest.main()

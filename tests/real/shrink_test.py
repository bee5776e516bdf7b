#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""shrink.py by itself, without a kernel."""
import unittest

from shrink import shrink


def needs(*wanted):
    """Fails if all wanted lines are there, in this order."""
    def fails_one(lines):
        rest = iter(lines)
        return all(w in rest for w in wanted)
    return lambda candidates: [fails_one(c) for c in candidates]


class Shrinking(unittest.TestCase):
    def test_leaves_what_the_mismatch_needs_and_nothing_else(self):
        lines = [str(n) for n in range(1200)]
        for wanted in (["0"], ["1199"], ["3", "4", "5"], ["0", "17", "600", "1199"],
                       [str(n) for n in range(10, 1200, 100)]):
            with self.subTest(wanted=wanted):
                self.assertEqual(shrink(lines, needs(*wanted)), wanted)

    def test_what_must_go_together_goes(self):
        # "b" without "a" is no script at all, so "a" can go only after "b" or with it.
        def fails(candidates):
            return ["x" in c and ("b" not in c or "a" in c) for c in candidates]
        self.assertEqual(shrink(["a", "b", "c", "x", "d"], fails), ["x"])

    def test_a_script_that_is_needed_whole_stays_whole(self):
        lines = list("abcdefgh")
        self.assertEqual(shrink(lines, needs(*lines)), lines)

    def test_candidates_that_fail_only_once_end_it(self):
        asked = set()

        def fails(candidates):
            held = [("x" in c and tuple(c) not in asked) for c in candidates]
            asked.update(map(tuple, candidates))
            return held
        self.assertIn("x", shrink(["a", "x", "b", "c"], fails))

    def test_few_rounds(self):
        rounds = []
        fails = needs("3", "400", "700")

        def counted(candidates):
            rounds.append(len(candidates))
            return fails(candidates)
        shrink([str(n) for n in range(1200)], counted)
        self.assertLess(len(rounds), 25)
        self.assertLess(sum(rounds), 3000)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Random sequences on a real kernel's IPVS and on core::Ipvs: the same decisions?

`conformance.py --decisions 1000000` draws sequences of arrivals, closes, weight changes, server
additions and removals, timeouts and pauses for all 14 schedulers, plays them on a Debian kernel in
qemu, replays the recordings on the model and prints what was compared. A mismatch is shrunk to a
shortest sequence and written as a script; `conformance.py --replay FILE` plays that again.
Exit code: 0 all agree, 1 a mismatch, 2 wrong arguments or no lab, 130 stopped.
"""
import argparse
import collections
import concurrent.futures
import os
import pathlib
import signal
import sys
import threading
import time
from statistics import NormalDist

from conformance_sequences import SCHEDULERS, sequences
from kernel_play import ROOT, Lab, LabError
from shrink import shrink

A_GUEST = 10000
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
SIGNIFICANCE = 0.001  # the chance that a right model fails any test of a distribution of a run


class Total:
    """What came of one scheduler's sequences."""

    def __init__(self):
        self.sequences = self.decisions = self.events = self.mismatches = self.granule = 0
        self.statistics = []  # (name, conform's)

    def add(self, name, decisions, verdict):
        self.sequences += 1
        self.decisions += decisions
        self.events += verdict.events
        self.mismatches += verdict.mismatches
        self.granule += verdict.granule
        if verdict.statistics is not None:
            self.statistics.append((name, verdict.statistics))


class Run:
    """One call: plays all sequences, some guests at a time."""

    def __init__(self, lab, arguments):
        self.lab = lab
        self.arguments = arguments
        self.totals = collections.OrderedDict((s, Total()) for s in arguments.schedulers)
        self.mismatched = []  # (name, lines, verdict)
        self.lock = threading.Lock()
        self.done = 0
        self.started = time.monotonic()

    def chunks(self):
        """Sequences, of all schedulers in turn, in portions for one guest."""
        share = -(-self.arguments.decisions // len(self.totals))
        drawn = [sequences(self.arguments.seed, s, share) for s in self.totals]
        chunk, size = [], 0
        for n in range(max(map(len, drawn))):
            for of_one in drawn:
                if n >= len(of_one):
                    continue
                chunk.append(of_one[n])
                size += of_one[n][2]
                if size >= A_GUEST:
                    yield chunk
                    chunk, size = [], 0
        if chunk:
            yield chunk

    def play(self, chunk):
        verdicts, said = self.lab.play({name: lines for name, lines, _ in chunk},
                                       self.arguments.out)
        absent = [name for name, _, _ in chunk if name not in verdicts]
        if absent:
            raise LabError(f"not played: {' '.join(absent)}\n{said.strip()}")
        with self.lock:
            for name, lines, decisions in chunk:
                verdict = verdicts[name]
                self.totals[name.split("_")[0]].add(name, decisions, verdict)
                if verdict.mismatches:
                    self.mismatched.append((name, lines, verdict))
                self.done += decisions
            if sys.stderr.isatty() or self.arguments.progress:
                print(f"{self.done} decisions, {len(self.mismatched)} sequences with a mismatch, "
                      f"{time.monotonic() - self.started:.0f} s", file=sys.stderr, flush=True)

    def play_all(self):
        with concurrent.futures.ThreadPoolExecutor(self.arguments.jobs) as pool:
            futures = [pool.submit(self.play, chunk) for chunk in self.chunks()]
            try:
                for future in concurrent.futures.as_completed(futures):
                    future.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def print_table(self):
        print(f"{'scheduler':<10} {'sequences':>9} {'decisions':>10} {'events':>10} "
              f"{'mismatches':>10} {'in a timer granule':>18}")
        for scheduler, t in [*self.totals.items(), ("all", self.sum())]:
            print(f"{scheduler:<10} {t.sequences:>9} {t.decisions:>10} {t.events:>10} "
                  f"{t.mismatches:>10} {t.granule:>18}")

    def sum(self):
        whole = Total()
        for t in self.totals.values():
            for field in ("sequences", "decisions", "events", "mismatches", "granule"):
                setattr(whole, field, getattr(whole, field) + getattr(t, field))
        return whole

    def distribution_holds(self):
        """Schedulers that draw: every recording's tests of the distribution, judged together."""
        tested = [(name, s) for t in self.totals.values() for name, s in t.statistics]
        tests = sum(s["tests"] for _, s in tested)
        if not tests:
            return True
        limit = NormalDist().inv_cdf(1 - SIGNIFICANCE / tests / 2)
        name, worst = max(tested, key=lambda pair: pair[1]["largest_z"])
        holds = worst["largest_z"] <= limit
        print(f"twos by distribution: {sum(s['choices'] for _, s in tested)} choices, {tests} "
              f"tests, largest |z| {worst['largest_z']:.2f} (in {name}), limit {limit:.2f} "
              f"(significance {SIGNIFICANCE} in all): {'holds' if holds else 'MISMATCH'}")
        return holds


def shrink_and_write(lab, name, lines, folder, what):
    """Shrinks a sequence with a mismatch and writes it; returns the file."""
    def fails(candidates):
        held = []
        for at in range(0, len(candidates), 200):
            part = {f"c{n:04d}": c for n, c in enumerate(candidates[at:at + 200]) if c}
            try:
                verdicts, _ = lab.play(part) if part else ({}, "")
            except LabError:
                verdicts = {}  # none of them can be played
            for n in range(len(candidates[at:at + 200])):
                verdict = verdicts.get(f"c{n:04d}")
                held.append(verdict is not None and verdict.mismatches > 0)
        return held

    def progress(text):
        print(f"shrinking {name}: {text}", file=sys.stderr, flush=True)
    shortest = lines
    if fails([lines])[0]:
        shortest = shrink(lines, fails, progress)
    else:
        progress("played again alone it agrees: the whole sequence is kept")
    verdicts, _ = lab.play({name: shortest})
    first = verdicts[name].first if name in verdicts else None
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{name}.script"
    head = [f"# {what}", f"# play again: tests/real/conformance.py --replay {file.name}"]
    if first:
        head += [f"# event:    {first['event']}", f"# recorded: {first['recorded']}",
                 f"# model:    {first['model']}"]
    file.write_text("\n".join(head + shortest) + "\n")
    return file, len(shortest), first


def scripts_of(files):
    """A file's name to its lines. Raises LabError that names each file that is no text."""
    scripts, problems = {}, []
    for file in files:
        try:
            scripts[file.stem] = file.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            problems.append(f"{file}: {error.strerror}")
        except UnicodeDecodeError:
            problems.append(f"{file}: is no script (no text)")
    if problems:
        raise LabError("\n".join(problems))
    return scripts


def replay(lab, files):
    scripts = scripts_of(files)
    verdicts, said = lab.play(scripts)
    worst = 0
    for name in scripts:
        verdict = verdicts.get(name)
        if verdict is None:
            print(f"{name}: not played\n{said.strip()}", file=sys.stderr)
            worst = 2
            continue
        print(f"{name}: {verdict.events} events, {verdict.mismatches} mismatches, "
              f"{verdict.granule} in a timer granule")
        if verdict.mismatches:
            print_first(verdict.first)
            worst = max(worst, 1)
    return worst


def print_first(first):
    if first:
        print(f"  event:    {first['event']}\n  recorded: {first['recorded']}\n"
              f"  model:    {first['model']}")


def arguments_of(words):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--decisions", type=int, default=1000000, help="in all (1000000)")
    parser.add_argument("--schedulers", nargs="+", default=SCHEDULERS, choices=SCHEDULERS,
                        metavar="NAME", help="default: all 14")
    parser.add_argument("--seed", type=int, default=1, help="of the sequences (1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="guests at a time")
    parser.add_argument("--kernel", help="a Debian kernel's package")
    parser.add_argument("--programs", type=pathlib.Path, default=ROOT / "build/release/bin",
                        help="where ipvs_oracle and lvslab are (build/release/bin)")
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "build/conformance",
                        help="where shrunk scripts go (build/conformance)")
    parser.add_argument("--shrink", type=int, default=1, metavar="N",
                        help="shrink the first N sequences with a mismatch (1)")
    parser.add_argument("--replay", nargs="+", type=pathlib.Path, metavar="FILE",
                        help="play these scripts instead")
    parser.add_argument("--progress", action="store_true", help="tell how far it is")
    parser.add_argument("--believe", metavar="A=B", help="tell the model scheduler B where the "
                        "kernel has A: a test of this program, which must then find mismatches")
    arguments = parser.parse_args(words)
    if arguments.decisions < 1 or arguments.jobs < 1:
        parser.error("--decisions and --jobs must be at least 1")
    absent = [str(f) for f in arguments.replay or [] if not f.is_file()]
    if absent:
        parser.error("no such file: " + " ".join(absent))
    if arguments.believe is not None:
        arguments.believe = tuple(arguments.believe.split("="))
        if len(arguments.believe) != 2:
            parser.error("--believe needs A=B")
        unknown = [name for name in arguments.believe if name not in SCHEDULERS]
        if unknown:
            parser.error(f"--believe: no scheduler is called {' or '.join(unknown)}; there are "
                         f"{', '.join(SCHEDULERS)}")
    return arguments


def compare(lab, arguments):
    run = Run(lab, arguments)
    run.play_all()
    run.print_table()
    holds = run.distribution_holds()
    print(f"{run.sum().decisions} decisions, {run.sum().mismatches} mismatches, "
          f"{time.monotonic() - run.started:.0f} s")
    run.mismatched.sort(key=lambda m: m[0])
    for name, _, verdict in run.mismatched:
        print(f"{name}: {verdict.mismatches} mismatches ({arguments.out / name}.jsonl), the first:")
        print_first(verdict.first)
    for name, lines, _ in run.mismatched[:arguments.shrink]:
        what = f"{name.split('_')[0]}: kernel and model differ"
        file, count, first = shrink_and_write(lab, name, lines, arguments.out, what)
        print(f"shrunk to {count} steps: {file}")
        print_first(first)
    return 1 if run.mismatched or not holds else 0


def stop(*_):
    """SIGTERM and SIGHUP end it as Ctrl-C does: guests and folders do not stay behind."""
    for number in STOPPING:
        signal.signal(number, lambda *_: None)  # programs would inherit SIG_IGN
    raise KeyboardInterrupt


def await_work(lab, work, what):
    """In a thread of its own, which a signal does not interrupt: it ends in good order."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        try:
            future = pool.submit(work, lab, what)
            # A signal just before a wait is seen at the next one.
            while not concurrent.futures.wait([future], 1).done:
                pass
            return future.result()
        except KeyboardInterrupt:
            lab.stop()
            raise


def main():
    arguments = arguments_of(sys.argv[1:])
    for number in STOPPING:
        signal.signal(number, stop)
    try:
        lab = Lab(arguments.programs, arguments.kernel, believe=arguments.believe)
        if arguments.replay:
            return await_work(lab, replay, arguments.replay)
        return await_work(lab, compare, arguments)
    except LabError as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())

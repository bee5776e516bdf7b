# SPDX-License-Identifier: GPL-2.0-only
"""Plays scripts on a real kernel's IPVS in the guest, and replays the recordings on the model."""
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parents[2]
GUEST = ROOT / "realmode/lab/guest.sh"
PLAY_SCRIPTS = ROOT / "tests/real/play_scripts.sh"


class LabError(Exception):
    """The guest, the oracle or the model could not do its work."""


class Stopped(Exception):
    """Somebody wants no more of it."""


class Verdict:
    """What `lvslab conform` says of one recording."""

    def __init__(self, report):
        self.events = report["events"]
        self.granule = report["timer_granule"]
        self.statistics = report.get("statistical")
        self.first = report.get("first_mismatch")
        # A failed test of a distribution is counted by conform as one mismatch; whoever has many
        # recordings judges the distributions of all of them together.
        failed = self.statistics is not None and not self.statistics["holds"]
        self.mismatches = report["mismatches"] - (1 if failed else 0)
        if self.statistics is not None:
            self.mismatches += self.statistics["impossible"]


class Lab:
    """How to play: the programs, the kernel, and what a test has the model believe."""

    def __init__(self, programs, kernel=None, seed=7, timeout=3600, believe=None):
        self.oracle = pathlib.Path(programs) / "ipvs_oracle"
        self.lvslab = pathlib.Path(programs) / "lvslab"
        missing = [str(p) for p in (self.oracle, self.lvslab) if not p.exists()]
        if missing:
            raise LabError(f"not built: {' '.join(missing)} (cmake --build build/release --target "
                           "ipvs_oracle lvslab; --programs FOLDER if they are elsewhere)")
        self.kernel = kernel
        self.seed = seed
        self.timeout = timeout
        self.believe = believe  # (scheduler in the recording, scheduler the model is told)
        self.lock = threading.Lock()
        self.running = set()
        self.stopped = False

    def stop(self):
        """Ends what other threads play, from now on; they raise Stopped."""
        with self.lock:
            self.stopped = True
            for process in self.running:
                process.terminate()

    def run(self, command):
        """A program to its end."""
        with self.lock:
            if self.stopped:
                raise Stopped
            process = subprocess.Popen([*map(str, command)], text=True, stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.running.add(process)
        out, err = process.communicate()
        with self.lock:
            self.running.remove(process)
            if self.stopped:
                raise Stopped
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def record(self, scripts, folder):
        """Plays scripts, a name to its lines, in one guest; the recordings come into the folder.

        Returns what the oracle said of scripts that it could not play."""
        folder.mkdir(parents=True, exist_ok=True)
        sources = folder / "scripts"
        sources.mkdir()
        for name, lines in scripts.items():
            (sources / f"{name}.script").write_text("\n".join(lines) + "\n")
        command = [GUEST, "--memory", "2048", "--seed", str(self.seed), "--timeout",
                   str(self.timeout), "--program", self.oracle, "--program", "iptables",
                   "--program", "ip6tables", "--file", f"{sources}:/scripts", "--file",
                   f"{PLAY_SCRIPTS}:/play_scripts.sh", "--module", "tun", "--module", "ip_vs",
                   "--out", folder]
        if self.kernel:
            command += ["--kernel", self.kernel]
        done = self.run([*command, "--", "sh", "/play_scripts.sh"])
        # 2: a script was refused, which a shrinker expects of some.
        if done.returncode not in (0, 2) or not any(folder.glob("*.jsonl")):
            raise LabError(done.stderr.strip() or f"guest.sh ended with {done.returncode}")
        if self.believe:
            for recording in folder.glob("*.jsonl"):
                self.distort(recording)
        return done.stderr

    def distort(self, recording):
        """Has the model be told another scheduler than the kernel was: it must then differ."""
        was, told = self.believe
        text = recording.read_text()
        text = text.replace(f'"sched":"{was}"', f'"sched":"{told}"')
        text = re.sub(rf'("cmd":"svc[^"]* ){was}\b', rf"\g<1>{told}", text)
        recording.write_text(text)

    def judge(self, folder):
        """A recording's name to its Verdict; those that the model cannot play are not there."""
        done = self.run([self.lvslab, "conform", "--json", folder])
        try:
            reports = json.loads(done.stdout)["recordings"]
        except ValueError:
            raise LabError(done.stderr.strip() or "lvslab conform printed no JSON") from None
        return {pathlib.Path(r["file"]).stem: Verdict(r) for r in reports}, done.stderr

    def play(self, scripts, keep=None):
        """Records and judges: (verdicts, what was said of those without one). Recordings with a
        mismatch are put into the folder `keep`."""
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            played = pathlib.Path(folder) / "played"
            said = self.record(scripts, played)
            verdicts, complaints = self.judge(played)
            for name in scripts if keep else []:
                if name in verdicts and verdicts[name].mismatches:
                    keep.mkdir(parents=True, exist_ok=True)
                    shutil.copy(played / f"{name}.jsonl", keep)
            return verdicts, said + complaints

# SPDX-License-Identifier: GPL-2.0-only
"""What a sweep keeps of finished runs, so that they are not run again."""
import hashlib
import json
import os

FORMAT = "lvslab-sweep-run-1"
MARK = "sweep.json"  # a folder that has it is a sweep's


def fingerprint(files, scenario, seed, world, program):
    """Of everything that a run's result depends on: the files with the point's values in them, which
    of them is the scenario, the seed, the world and the program."""
    digest = hashlib.sha256()
    for part in (FORMAT, program, world, str(seed), scenario):
        digest.update(f"{len(part)}:{part};".encode())
    for name in sorted(files):
        digest.update(f"{len(name)}:{name}={len(files[name])}:".encode() + files[name])
    return digest.hexdigest()[:32]


def write_whole(path, content):
    """Writes the bytes under another name first: the file is there whole or not at all."""
    partial = f"{path}.partial"
    with open(partial, "wb") as file:
        file.write(content)
    os.replace(partial, path)


class Store:
    """FOLDER/finished/FINGERPRINT.json: the summary of each finished run."""

    def __init__(self, folder):
        self.mark = os.path.join(folder, MARK)
        self.folder = os.path.join(folder, "finished")

    def open(self):
        """Makes the folder. Until then nothing is written."""
        os.makedirs(self.folder, exist_ok=True)
        write_whole(self.mark, b'{"format": "lvslab-sweep-1"}\n')

    def load(self, key):
        """The outcome that was kept, or None. What is not whole does not count."""
        try:
            with open(os.path.join(self.folder, f"{key}.json"), encoding="utf-8") as file:
                kept = json.load(file)
        except (OSError, ValueError):
            return None
        if not isinstance(kept, dict) or kept.get("format") != FORMAT or kept.get("key") != key:
            return None
        return kept if isinstance(kept.get("summary"), dict) else None

    def keep(self, key, outcome):
        text = json.dumps({"format": FORMAT, "key": key, "held": outcome["held"],
                           "summary": outcome["summary"]}, indent=None, sort_keys=True)
        write_whole(os.path.join(self.folder, f"{key}.json"), (text + "\n").encode())

# SPDX-License-Identifier: GPL-2.0-only
"""Makes index.html of a comparison or of one run: python3 lvslab_report DIR"""
import json
import os
import sys

os.environ.setdefault("MPLBACKEND", "Agg")


def load(folder):
    """(what was found in the folder, the module that shows it)."""
    import page
    import results
    import run_page
    import run_result
    with open(os.path.join(folder, "summary.json"), encoding="utf-8") as text:
        kind = json.load(text).get("format")
    if kind == "lvslab-summary-1":
        return run_result.Run(folder), run_page
    return results.Comparison(folder), page


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    folder = sys.argv[1]
    try:
        result, shown_by = load(folder)
    except ImportError as error:
        print(f"{error}: Debian's package python3-matplotlib is needed", file=sys.stderr)
        return 1
    except (OSError, ValueError, KeyError, AttributeError) as error:
        print(f"{folder}: not the results of a comparison or of a run: {error!r}", file=sys.stderr)
        return 2
    text = shown_by.render(result)
    name = os.path.join(folder, "index.html")
    try:
        with open(name, "w", encoding="utf-8", newline="\n") as out:
            out.write(text)
    except OSError as error:
        print(f"{name} cannot be written: {error.strerror}", file=sys.stderr)
        try:
            os.remove(name)  # half a page is none
        except OSError:
            pass
        return 1
    return 0


sys.exit(main())

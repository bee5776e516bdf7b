# SPDX-License-Identifier: GPL-2.0-only
"""Makes index.html of a comparison: python3 lvslab_report DIR"""
import os
import sys

os.environ.setdefault("MPLBACKEND", "Agg")


def main():
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        import page
        import results
    except ImportError as error:
        print(f"{error}: Debian's package python3-matplotlib is needed", file=sys.stderr)
        return 1
    folder = sys.argv[1]
    try:
        comparison = results.Comparison(folder)
    except (OSError, ValueError, KeyError) as error:
        print(f"{folder}: not the results of a comparison: {error!r}", file=sys.stderr)
        return 2
    text = page.render(comparison)
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

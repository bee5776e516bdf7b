# SPDX-License-Identifier: GPL-2.0-only
"""Shrinks a script to a shortest one that still shows a mismatch (delta debugging).

Starting a guest costs seconds, playing a short script milliseconds: all candidates of a round are
played in one guest.
"""


def without(lines, start, end):
    return lines[:start] + lines[end:]


def shrink(lines, fails, progress=lambda text: None):
    """`fails` takes a list of candidates (lists of lines) and returns those that still fail, as
    a list of bools. Returns lines of which none can be left out."""
    lines = shortest_beginning(lines, fails)
    progress(f"{len(lines)} lines up to the mismatch")
    size = max(1, len(lines) // 8)
    while True:
        lines, removed = leave_out(lines, size, fails)
        progress(f"{len(lines)} lines (pieces of {size})")
        if size == 1 and not removed:
            return lines
        size = size if removed and size == 1 else max(1, size // 2)


def shortest_beginning(lines, fails, width=40):
    """A beginning that still fails, by rounds of `width` candidates each."""
    low, high = 0, len(lines)  # the whole fails
    while high - low > 1:
        step = max(1, (high - low) // width)
        ends = list(range(low + step, high, step))
        held = [end for end, failed in zip(ends, fails([lines[:e] for e in ends])) if failed]
        new_high = held[0] if held else high
        below = [e for e in ends if e < new_high]
        low, high = (below[-1] if below else low), new_high
    return lines[:high]


def leave_out(lines, size, fails):
    """Leaves out pieces of that size: those that can go alone, as many of them together as still
    fail. Returns the lines and whether any went."""
    pieces = [(at, min(at + size, len(lines))) for at in range(0, len(lines), size)]
    if len(pieces) < 2:
        return lines, False
    alone = fails([without(lines, *piece) for piece in pieces])
    loose = [piece for piece, failed in zip(pieces, alone) if failed]
    if not loose:
        return lines, False
    # All together, halves, quarters and so on, each with what lies before and after; the
    # shortest that fails wins. One alone did, but what hangs on a timer may not do so again.
    groups = [[loose[i]] for i in range(len(loose))]
    width = len(loose)
    while width > 1:
        groups += [loose[at:at + width] for at in range(0, len(loose), width)]
        width = (width + 1) // 2
    candidates = [drop(lines, group) for group in groups]
    failing = [c for c, failed in zip(candidates, fails(candidates)) if failed]
    return (min(failing, key=len), True) if failing else (lines, False)


def drop(lines, pieces):
    gone = {n for start, end in pieces for n in range(start, end)}
    return [line for n, line in enumerate(lines) if n not in gone]

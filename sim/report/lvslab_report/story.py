# SPDX-License-Identifier: GPL-2.0-only
"""A run's failover story: its takeovers in words, and the timeline."""
from html import escape

import timeline
from sheet import figure

CAPTION = ("Everything on one axis. Dashed lines: what was done to the cluster. A router's dark bar is "
           "its active role; the bar of a floating address names who answers for it, and a gap is a time "
           "in which nobody does. A server that is crashed and not yet taken out still gets connections: "
           "what the checks cost shows there. Bars at the bottom are connections lost in each second.")


def takeover_words(run):
    """A sentence for each takeover."""
    words = []
    for t in run.takeovers():
        if t["failed"] is None:
            words.append(f"At {t['at']:.3f} s {t['to']} became active, though {t['from']} was: two at once.")
        else:
            words.append(f"At {t['at']:.3f} s {t['to']} took over from {t['from']}, {t['time']:.3f} s "
                         f"after it failed; of {t['open']} connections that were open, "
                         f"{t['survived']} were served.")
    return words


def tell(run, name="timeline"):
    """The picture with its words, or nothing if no daemon ran and nothing broke."""
    if not run.has_story():
        return ""
    words = "".join(f"<li>{escape(text)}</li>" for text in takeover_words(run))
    return ((f"<ul class=findings>{words}</ul>\n" if words else "")
            + figure(timeline.picture(run, name), CAPTION))

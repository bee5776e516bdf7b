# SPDX-License-Identifier: GPL-2.0-only
"""The style sheet and the parts that every page shares."""

CSS = """
:root { --ink: #1f2328; --grey: #59636e; --rule: #d8dde3; --good: #e6f1f8; --edge: #0072b2; }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: #fff;
  font: 16px/1.5 system-ui, "Segoe UI", "DejaVu Sans", Helvetica, Arial, sans-serif; }
main { max-width: 1060px; margin: 0 auto; padding: 28px 24px 64px; }
h1 { font-size: 30px; line-height: 1.2; margin: 0 0 6px; }
h2 { font-size: 20px; margin: 44px 0 8px; padding-top: 14px; border-top: 1px solid var(--rule); }
p { margin: 6px 0; max-width: 76ch; }
.about { color: var(--grey); font-size: 17px; }
.facts { display: flex; flex-wrap: wrap; gap: 4px 22px; padding: 0; margin: 12px 0 0; list-style: none;
  color: var(--grey); font-size: 14px; }
.facts b { color: var(--ink); font-weight: 600; }
.verdict { background: var(--good); border-left: 5px solid var(--edge); padding: 14px 18px;
  margin: 22px 0 14px; font-size: 18px; }
.verdict p { max-width: none; margin: 0; }
.warning { background: #fdf0e6; border-left: 5px solid #d55e00; padding: 12px 18px; margin: 18px 0; }
ul.findings { padding-left: 20px; margin: 8px 0; }
ul.findings li { margin: 5px 0; max-width: 90ch; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; margin: 10px 0; }
th, td { padding: 5px 10px; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--rule); }
th { font-weight: 600; vertical-align: bottom; border-bottom: 2px solid var(--grey); }
th:first-child, td:first-child { text-align: left; font-weight: 600; padding-left: 4px; }
td small { display: block; color: var(--grey); font-size: 12px; line-height: 1.2; }
tr.best { background: var(--good); }
td.slower { background: #fbe3d2; } td.faster { background: #d3e8f5; } td.alike { color: var(--grey); }
td.words { text-align: left; }
td.self { background: #f3f4f6; }
figure { margin: 18px 0 6px; } figure svg { width: 100%; height: auto; display: block; }
figcaption { color: var(--grey); font-size: 14.5px; max-width: 90ch; margin-top: 6px; }
details { margin: 12px 0; } summary { cursor: pointer; font-weight: 600; }
pre { background: #f6f8fa; padding: 10px 14px; overflow-x: auto; font-size: 13px; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, monospace; font-size: 0.92em; }
@media print { main { max-width: none; } h2 { break-after: avoid; } figure { break-inside: avoid; } }
"""


def figure(svg, caption):
    return f"<figure>\n{svg}\n<figcaption>{caption}</figcaption>\n</figure>\n"

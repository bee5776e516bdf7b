#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares lvsrouter's takeover with keepalived's, in the guest (docs/takeover-beside-keepalived.md).

    takeover.py LVSROUTER TAKEOVER_CLIENT [--json FILE]

Both in the same network of a guest in virtual time, in turns, at the same rate of messages; guests run
side by side and cannot tell. A
client opens a connection every millisecond; the active router is killed and its links go down. Printed
are the outages that the client saw. Exit code 1 if lvsrouter's median or longest outage is longer than
keepalived's at any rate.
"""
import argparse
import concurrent.futures
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
GUEST = HERE.parent.parent / "realmode" / "lab" / "guest.sh"
PROGRAMS = ("lvsrouter", "keepalived")
INTERVALS = (1000, 100, 10)  # ms between two messages
SERVED_BEFORE = 30  # ms
SERVED_AFTER = 100
WATCHED_AFTER = 4500  # once at each rate: till after the last of lvsrouter's gratuitous ARPs


def lvs_cf(interval):
    return f"""service = lvs
primary = 192.0.2.1
backup = 192.0.2.2
backup_active = 1
heartbeat = 1
heartbeat_port = 539
keepalive = {interval}ms
deadtime = {3 * interval}ms
network = nat
nat_router = 10.0.0.254 eth1:1
nat_nmask = 255.255.255.0
virtual web {{
    active = 1
    address = 192.0.2.10 eth0:1
    vip_nmask = 255.255.255.0
    port = 80
    scheduler = rr
    check = tcp
    timeout = 1
    reentry = 1
    server one {{
        address = 10.0.0.11
        active = 1
        weight = 1
    }}
}}
"""


def keepalived_conf(router, interval):
    """One instance for both addresses: one advertisement an interval, as one heartbeat path."""
    return f"""global_defs {{
    vrrp_version 3
}}
vrrp_instance pair {{
    state {"MASTER" if router == 1 else "BACKUP"}
    interface eth0
    virtual_router_id 51
    priority {150 if router == 1 else 100}
    advert_int {interval / 1000:g}
    virtual_ipaddress {{
        192.0.2.10/24 dev eth0
        10.0.0.254/24 dev eth1
    }}
}}
virtual_server 192.0.2.10 80 {{
    delay_loop 1
    lvs_sched rr
    lvs_method NAT
    protocol TCP
    real_server 10.0.0.11 80 {{
        weight 1
        TCP_CHECK {{
            connect_timeout 1
        }}
    }}
}}
"""


def rounds_of(takeovers, intervals):
    """Lines of the plan, a round for each phase: both programs, who begins alternates. The phases
    cover an interval evenly."""
    draw = random.Random(7)
    rounds = []
    for interval in intervals:
        phases = [(i + draw.random()) / takeovers for i in range(takeovers)]
        draw.shuffle(phases)
        for i, phase in enumerate(phases):
            microseconds = int(1000 * (SERVED_BEFORE + phase * interval))
            after = {"lvsrouter": WATCHED_AFTER if i == 0 else SERVED_AFTER}
            rounds.append(
                [
                    f"{program} {interval} {microseconds} {after.get(program, SERVED_AFTER)}\n"
                    for program in (PROGRAMS if i % 2 == 0 else PROGRAMS[::-1])
                ]
            )
    return rounds


def run_guest(lvsrouter, client, rounds):
    """What the takeovers of these rounds showed, in one guest."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "plan").write_text("".join(sum(rounds, [])), encoding="ascii")
        (folder / "takeover.sh").write_bytes((HERE / "takeover.sh").read_bytes())
        for interval in {int(line.split()[1]) for lines in rounds for line in lines}:
            (folder / f"lvs.{interval}.cf").write_text(lvs_cf(interval), encoding="ascii")
            for router in (1, 2):
                (folder / f"keepalived.{router}.{interval}.conf").write_text(
                    keepalived_conf(router, interval), encoding="ascii"
                )
        command = [GUEST, "--timeout", "7200", "--file", f"{folder}:/bench"]
        for module in ("ip_vs", "ip_vs_rr", "bridge", "veth"):
            command += ["--module", module]
        for program in (lvsrouter, client, "keepalived", "ip"):
            command += ["--program", program]
        command += ["--", "sh", "/bench/takeover.sh"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"the guest ended with {done.returncode}:\n{done.stdout}")
    runs = []
    for line in done.stdout.splitlines():
        program, interval, told = line.split(" ", 2)
        runs.append({"program": program, "interval": int(interval), **json.loads(told)})
    return runs


def measure(lvsrouter, client, takeovers, intervals, guests):
    rounds = rounds_of(takeovers, intervals)
    with concurrent.futures.ThreadPoolExecutor(guests) as pool:
        shares = [rounds[i::guests] for i in range(guests) if rounds[i::guests]]
        done = [pool.submit(run_guest, lvsrouter, client, share) for share in shares]
        return sum((each.result() for each in done), [])


def summary_of(runs, program, interval):
    mine = [run for run in runs if (run["program"], run["interval"]) == (program, interval)]
    outages = [run["outage"] for run in mine]
    longest_watched = max(mine, key=lambda run: len(run["arps"]))
    return {
        "program": program,
        "interval": interval,
        "takeovers": len(mine),
        "median": statistics.median(outages),
        "longest": max(outages),
        "shortest": min(outages),
        # From the first gratuitous ARP of the VIP until the client is served.
        "after_first_arp": max(run["served_after"] - run["arps"][0] for run in mine),
        "arps": longest_watched["arps"],
        "later_gap": max(run["later_gap"] for run in mine),
        "refused_after": sum(run["refused_after"] for run in mine),
    }


def print_table(summaries):
    print("outage in ms             takeovers   median  longest  shortest  | served after the first"
          " gratuitous ARP  longest gap later")
    for s in summaries:
        print(
            f"every {s['interval']:4d} ms  {s['program']:10s} {s['takeovers']:9d} {s['median']:8.1f} "
            f"{s['longest']:8.1f} {s['shortest']:9.1f}  | {s['after_first_arp']:12.2f} (at most) "
            f"{s['later_gap']:28.2f}"
        )
    for s in summaries:
        times = " ".join(f"{at:.1f}" for at in s["arps"])
        print(f"gratuitous ARPs of {s['program']}, every {s['interval']} ms, ms after the failure: {times}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lvsrouter", type=pathlib.Path, help="the built lvsrouter")
    parser.add_argument("client", type=pathlib.Path, help="the built takeover_client")
    parser.add_argument("--takeovers", type=int, default=20, help="of each, at each rate")
    parser.add_argument("--intervals", type=int, nargs="+", default=INTERVALS, metavar="MS")
    parser.add_argument("--json", type=pathlib.Path, help="write all of it to this file")
    parser.add_argument("--guests", type=int, default=os.cpu_count(), help="side by side")
    arguments = parser.parse_args()
    began = time.monotonic()
    runs = measure(
        arguments.lvsrouter.resolve(),
        arguments.client.resolve(),
        arguments.takeovers,
        arguments.intervals,
        arguments.guests,
    )
    wall = time.monotonic() - began
    summaries = [
        summary_of(runs, program, interval)
        for interval in arguments.intervals
        for program in PROGRAMS
    ]
    print_table(summaries)
    print(f"{len(runs)} takeovers in {wall:.0f} s of wall time")
    if arguments.json:
        arguments.json.write_text(
            json.dumps({"summaries": summaries, "runs": runs, "wall_seconds": wall}, indent=1) + "\n",
            encoding="ascii",
        )
    worse = [
        f"every {ours['interval']} ms: {what} {ours[what]:.1f} ms, keepalived {theirs[what]:.1f} ms"
        for ours, theirs in zip(summaries[::2], summaries[1::2])
        for what in ("median", "longest")
        if ours[what] > theirs[what]
    ]
    for line in worse:
        print(f"lvsrouter is worse: {line}")
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Compares lvslab's checks of many servers with keepalived's, in the guest (docs/lab-guest.md).

    probe_load.py build/release/bin/probe_load

Both connect to each of the servers once a second (TCP_CHECK), all of them on loopback, in turns in
one guest. Printed are medians: CPU (of the checking process, in virtual time 2 ns an instruction),
memory, connections that the servers accepted. Exit code 1 if keepalived is the cheaper one.
"""
import argparse
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
GUEST = HERE.parent.parent / "realmode" / "lab" / "guest.sh"


def keepalived_configuration(servers):
    """One virtual service with all of them; what they do about a failure is not measured."""
    lines = [
        "virtual_server 10.99.0.1 80 {",
        "    delay_loop 1",
        "    lvs_sched rr",
        "    lvs_method NAT",
        "    protocol TCP",
    ]
    for i in range(servers):
        number = 0x7F010001 + i
        address = ".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0))
        lines += [
            f"    real_server {address} 8080 {{",
            "        TCP_CHECK {",
            "            connect_timeout 1",
            "        }",
            "    }",
        ]
    return "\n".join(lines + ["}", ""])


def measure(program, servers, seconds, rounds):
    names = []
    for i in range(rounds):
        names += ["lvslab", "keepalived"] if i % 2 == 0 else ["keepalived", "lvslab"]
    with tempfile.TemporaryDirectory() as folder:
        configuration = pathlib.Path(folder) / "probe_load.conf"
        configuration.write_text(keepalived_configuration(servers), encoding="ascii")
        command = [GUEST, "--timeout", "7200", "--module", "ip_vs"]
        for name in (program, "keepalived"):
            command += ["--program", name]
        command += ["--file", f"{configuration}:/etc/keepalived/probe_load.conf"]
        command += ["--file", f"{HERE / 'probe_load.sh'}:/bench/probe_load.sh"]
        command += ["--", "sh", "/bench/probe_load.sh", str(servers), str(seconds), *names]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"the guest ended with {done.returncode}:\n{done.stdout}")
    return [line.split() for line in done.stdout.splitlines()]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path, help="the built probe_load")
    parser.add_argument("--servers", type=int, default=2000)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    lines = measure(
        arguments.program.resolve(), arguments.servers, arguments.seconds, arguments.rounds
    )
    cost = {}
    for name in ("lvslab", "keepalived"):
        runs = [[int(field) for field in line[1:]] for line in lines if line[0] == name]
        cpu, accepted, seconds, peak, resident, waiting = (
            statistics.median(run[i] for run in runs) for i in range(6)
        )
        cost[name] = cpu / accepted
        print(
            f"{name}: {cpu / seconds / 1e7:.2f} % of a CPU, {cpu / accepted / 1000:.2f} us a check, "
            f"{accepted / seconds:.0f} checks a second, {resident / 1024:.1f} MB resident "
            f"({peak / 1024:.1f} at most), {waiting:.0f} sockets in TIME_WAIT"
        )
    ratio = cost["lvslab"] / cost["keepalived"]
    print(f"CPU a check, lvslab to keepalived: {ratio:.3f} (medians of {arguments.rounds})")
    return 0 if ratio <= 1 else 1


if __name__ == "__main__":
    sys.exit(main())

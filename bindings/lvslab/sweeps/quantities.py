# SPDX-License-Identifier: GPL-2.0-only
"""The quantities of a run that a sweep can measure: names of places in its summary.json.

`imbalance` and `balance.imbalance` are the same; `servers.web1.utilisation`,
`workloads.shop.response_time_p95`, `routers.lvs1.checks` and `nodes.web1.sent_bytes` are of one thing.
"""
from .findings import hint

ALIASES = {"p50": "response_time_p50", "p95": "response_time_p95", "p99": "response_time_p99"}

_WORKLOAD = """connections served refused reset timed_out unfinished responses response_bytes
    response_time_mean response_time_p50 response_time_p95 response_time_p99 response_time_max
    outage outage_start sessions sessions_broken stale_responses stale_age_max""".split()

SECTIONS = {
    "total": _WORKLOAD,
    "balance": """decisions decisions_refused decisions_persistent imbalance jain
        utilisation""".split(),
    "failover": """faults takeovers takeover_time_max takeover_time_mean two_active_time
        two_active_longest none_active_time none_active_longest open_at_takeovers
        survived_takeovers""".split(),
}

LISTS = {
    "workloads": ("workload", _WORKLOAD),
    "servers": ("server", """weight workers connections share weight_share served responses
        response_time_mean utilisation work_done turned_away most_in_server down_time
        given_while_down given_while_down_last data_requests data_requests_failed""".split()),
    "nodes": ("node", "received_packets received_bytes sent_packets sent_bytes".split()),
    "routers": ("router", """keepalive deadtime role_changes activations active_time
        heartbeats_sent_public heartbeats_sent_private heartbeats_heard_public
        heartbeats_heard_private announcements checks checks_failed sync_sent
        sync_connections_sent sync_bytes_sent sync_received sync_connections_received
        sync_connections_refused packets_seen packets_passed packets_forwarded packets_replies
        packets_dropped packets_rejected packets_reset""".split()),
}


def bare_names():
    return list(ALIASES) + [name for names in SECTIONS.values() for name in names]


def complaint(name, scenario_names):
    """Why no run has this quantity, or None. scenario_names: list -> the names it can have."""
    parts = name.split(".")
    if len(parts) == 1:
        return None if name in bare_names() else _unknown(name, bare_names())
    if parts[0] in SECTIONS and len(parts) == 2:
        known = SECTIONS[parts[0]]
        return None if parts[1] in known else _unknown(parts[1], known)
    if parts[0] in LISTS and len(parts) >= 3:
        thing, quantity = ".".join(parts[1:-1]), parts[-1]
        known = LISTS[parts[0]][1]
        if quantity not in known:
            return _unknown(quantity, known)
        things = scenario_names.get(parts[0])
        if things is not None and thing not in things:
            return f'the scenario has no {LISTS[parts[0]][0]} "{thing}"'
        return None
    return (f'"{name}" names no quantity; write a name of total, balance or failover, or '
            "servers.NAME.QUANTITY, workloads., nodes. or routers. likewise")


def _unknown(name, known):
    return f'no quantity is called "{name}"; {hint(name, known)}'


def value_of(summary, name):
    """The quantity in a run's summary; None where the run has none (no response, no takeover)."""
    parts = name.split(".")
    if len(parts) == 1:
        name = ALIASES.get(name, name)
        for section, names in SECTIONS.items():
            if name in names:
                return summary.get(section, {}).get(name)
        return None
    if parts[0] in SECTIONS:
        return summary.get(parts[0], {}).get(parts[1])
    key, thing = LISTS[parts[0]][0], ".".join(parts[1:-1])
    for entry in summary.get(parts[0], []):
        if entry.get(key) == thing:
            return entry.get(parts[-1])
    return None


def unit_of(name):
    """The unit of the quantity, for axes."""
    last = ALIASES.get(name.split(".")[-1], name.split(".")[-1])
    if "response_time" in last or last.startswith("takeover_time") or last.endswith("_time"):
        return "s"
    return {"outage": "s", "outage_start": "s", "work_done": "s", "stale_age_max": "s",
            "response_bytes": "B"}.get(last, "B" if last.endswith("_bytes") else "")

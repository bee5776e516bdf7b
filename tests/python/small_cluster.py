# SPDX-License-Identifier: GPL-2.0-only
"""A cluster that is small enough to be run in a test, in NAT and by direct routing."""
import lvslab


def _scenario(config, networks, servers, arrivals, seconds, more):
    """A scenario with the servers' addresses by name, and what else each has."""
    addresses = {name: server.pop("address") for name, server in servers.items()}
    weights = {name: server.pop("weight", 1) for name, server in servers.items()}
    http = dict(
        address="192.168.26.10 eth0:1",
        active=True,
        port=80,
        scheduler="rr",
        servers={
            name: dict(address=address, active=True, weight=weights[name])
            for name, address in addresses.items()
        },
    )
    return lvslab.build_scenario(
        "small",
        config=lvslab.build_config(
            primary=networks["public"].split("/")[0], services={"http": http}, **config
        ),
        routers={"lvs1": networks},
        servers={
            name: dict(address=f"{addresses[name]}/24", **server)
            for name, server in servers.items()
        },
        clients={"office": dict(count=20, network="172.16.0.0/16")},
        workload={
            "shop": {
                "from": "office",
                "to": "192.168.26.10:80",
                "arrivals": arrivals,
                "for": f"{seconds}s",
                "request": "400B",
                "response": "4KiB",
            }
        },
        daemons=False,
        drain="2s",
        **more,
    )


def by_nat(seconds=3, **more):
    """Two servers, one of them half as fast."""
    return _scenario(
        dict(network="nat", nat_router="10.11.12.10 eth1:1"),
        dict(public="192.168.26.9/24", private="10.11.12.9/24"),
        {
            "web1": dict(address="10.11.12.1", service="exponential 20ms"),
            "web2": dict(address="10.11.12.2", service="exponential 20ms", speed=0.5),
        },
        "poisson 40/s",
        seconds,
        more,
    )


def by_direct_routing(seconds=5, **more):
    """Three servers, one of them switched off, one away for a while."""
    return _scenario(
        dict(network="direct"),
        dict(public="192.168.26.9/24"),
        {
            f"web{i}": dict(
                address=f"192.168.26.2{i}", service=f"exponential {10 * i}ms", weight=weight
            )
            for i, weight in ((1, 1), (2, 1), (3, 0))
        },
        "poisson 100/s",
        seconds,
        dict(
            changes=[dict(at="800ms", leave="web2"), dict(at="2s", join="web2")],
            expect=["served >= 99%"],
        )
        | more,
    )

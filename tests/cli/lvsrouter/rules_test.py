# SPDX-License-Identifier: GPL-2.0-only
"""`lvsrouter rules` and `lvsrouter check` in a network namespace of their own.

Called as rules_test.py LVSROUTER. What is printed is loaded by the programs that it is meant for,
and found by `check`.
"""
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import unittest

LVSROUTER = os.path.abspath(sys.argv.pop(1))
CLONE_NEWNET, CLONE_NEWUSER = 0x40000000, 0x10000000

ROUTERS = """primary = 192.168.26.9
primary_private = 10.11.12.9
backup = 192.168.26.8
backup_private = 10.11.12.8
backup_active = 1
network = {network}
nat_router = 10.11.12.10 eth1:1
nat_nmask = 255.255.255.0
"""
FTP = """virtual ftp {{
    active = 1
    address = {vip} eth0:1
    port = 21
    fwmark = 21
    persistent = 60
    server oak {{
        address = {server}
        active = 1
    }}
}}
"""


def enter_own_network():
    """This process and its children see nothing of the machine's network from here on."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()
    flags = CLONE_NEWNET if user == 0 else CLONE_NEWNET | CLONE_NEWUSER
    if libc.unshare(flags) != 0:
        sys.exit(f"no network namespace of its own: {os.strerror(ctypes.get_errno())}")
    if user != 0:
        for file, line in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"),
                           ("gid_map", f"0 {group} 1")):
            with open(f"/proc/self/{file}", "w", encoding="ascii") as out:
                out.write(line)
    os.environ["PATH"] += ":/usr/sbin:/sbin"


def run(*command, text="", check=True):
    done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=120,
                          check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stderr}{text}")
    return done


class OwnNetwork(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        for device, peer in (("eth0", "switch0"), ("eth1", "switch1")):
            run("ip", "link", "add", device, "type", "veth", "peer", "name", peer)
            for end in (device, peer):
                run("ip", "link", "set", end, "up")
        self.addCleanup(self.forget)

    def forget(self):
        for device in ("eth0", "eth1"):
            run("ip", "link", "del", device)
        run("ip", "address", "flush", "dev", "lo")
        run("nft", "flush", "ruleset")
        for settings in ("arp_ignore=0", "arp_announce=0"):
            self.set(f"net.ipv4.conf.all.{settings}")
        self.set("net.ipv4.ip_forward=0")

    def set(self, setting):
        name, value = setting.split("=")
        with open("/proc/sys/" + name.strip().replace(".", "/"), "w", encoding="ascii") as out:
            out.write(value.strip())

    def config(self, network="nat", blocks=None, name="lvs.cf"):
        path = os.path.join(self.folder.name, name)
        with open(path, "w", encoding="ascii") as out:
            out.write(ROUTERS.format(network=network))
            out.write(blocks or FTP.format(vip="192.168.26.10", server="10.11.12.21"))
        return path

    def rules(self, config, *options):
        return run(LVSROUTER, "rules", "--config", config, *options).stdout

    def become(self, *addresses):
        for address, device in addresses:
            run("ip", "address", "add", address, "dev", device, "nodad")

    def check(self, config, *options, code=None):
        done = run(LVSROUTER, "check", "--json", "--config", config, *options, check=False)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return json.loads(done.stdout)

    def messages(self, *arguments):
        """The findings that do not hang on the kernel and the clock of the testing machine."""
        of_machine = ("IPVS is not in", "scheduler wlc", "clock is not")
        return [f["message"] for f in self.check(*arguments)["findings"]
                if not any(word in f["message"] for word in of_machine)]


class Rules(OwnNetwork):
    def test_nft_loads_them_and_again_replaces_them(self):
        for vip, server in (("192.168.26.10", "10.11.12.21"), ("2001:db8::10", "2001:db8:1::21")):
            text = self.rules(self.config(blocks=FTP.format(vip=vip, server=server)))
            run("nft", "-c", "-f", "-", text=text)
            run("nft", "-f", "-", text=text)
            once = run("nft", "list", "ruleset").stdout
            run("nft", "-f", "-", text=text)
            self.assertEqual(run("nft", "list", "ruleset").stdout, once)
            self.assertIn(f"daddr {vip} tcp dport 10000-20000 meta mark set", once)
            self.assertIn("tcp sport 20 masquerade", once)

    def test_iptables_restore_loads_them(self):
        for restore, save, vip, server, form in (
                ("iptables-restore", "iptables-save", "192.168.26.10", "10.11.12.21", "iptables"),
                ("ip6tables-restore", "ip6tables-save", "2001:db8::10", "2001:db8:1::21",
                 "ip6tables")):
            text = self.rules(self.config(blocks=FTP.format(vip=vip, server=server)),
                              "--format", form)
            run(restore, "--test", text=text)
            run(restore, text=text)
            saved = run(save).stdout
            self.assertIn("--dport 10000:20000 -j MARK --set-xmark 0x15/0xffffffff", saved)
            self.assertIn("--sport 20 -j MASQUERADE", saved)

    def test_nothing_that_is_needed_loads_too(self):
        blocks = FTP.format(vip="192.168.26.10", server="10.11.12.21").replace("    fwmark = 21\n",
                                                                             "")
        for form, command in (("nft", ["nft", "-f", "-"]), ("iptables", ["iptables-restore"])):
            run(*command, text=self.rules(self.config("direct", blocks), "--format", form))

    def test_settings_are_set_by_sysctl(self):
        for line in self.rules(self.config(), "--format", "sysctl").splitlines():
            if not line.startswith("#"):
                self.set(line)
        with open("/proc/sys/net/ipv4/ip_forward", encoding="ascii") as value:
            self.assertEqual(value.read().strip(), "1")

    def test_a_real_server_loads_its_own(self):
        config = self.config("direct")

        def own(form):
            return self.rules(config, "--real-server", "oak", "--format", form)

        run("arptables-restore", text=own("arptables"))
        saved = run("arptables-save").stdout
        self.assertIn("-j DROP -d 192.168.26.10", saved)
        self.assertIn("-s 192.168.26.10 --mangle-ip-s 10.11.12.21", saved)
        for _ in range(2):
            run("nft", "-f", "-", text=own("nft"))
        self.assertEqual(run("nft", "list", "table", "arp", "lvsrouter").stdout.count("drop"), 1)
        run("iptables-restore", text=own("iptables"))
        self.assertIn("--dport 10000:20000 -j REDIRECT", run("iptables-save").stdout)
        for _ in range(2):
            run("ip", "-batch", "-", text=own("ip"))
        self.assertIn("192.168.26.10/32", run("ip", "address", "show", "dev", "lo").stdout)

    def test_what_cannot_be_printed_is_refused_with_a_reason(self):
        for options, message in (
                (["--real-server", "elm"], "no active server of an active virtual is called elm; "
                                           "there are oak (10.11.12.21)"),
                (["--format", "arptables"], "is for real servers alone"),
                (["--ftp-ports", "9:1"], "\"9:1\" is no PORT or FIRST:LAST"),
                (["--mark-ports", "443"], "\"443\" is no MARK=PORT"),
                (["--mark-ports", "21=443", "--mark-ports", "99=443"],
                 "lvsrouter rules: --mark-ports 99=443: no active virtual has fwmark 99; there is "
                 "21\n"),
                (["--format", "pf"], "pf not in")):
            done = run(LVSROUTER, "rules", "--config", self.config("direct"), *options,
                       check=False)
            self.assertEqual((done.returncode, done.stdout), (2, ""), options)
            self.assertIn(message, done.stderr)
        done = run(LVSROUTER, "rules", "--config", self.config("direct", "virtual {"), check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        done = run(LVSROUTER, "rules", "--real-server", "oak", "--config", self.config(),
                   check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("needs nothing but nat_router", done.stderr)
        done = run(LVSROUTER, "rules", "--real-server", "elm", "--config", self.config(),
                   check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no active server of an active virtual is called elm; there are oak "
                      "(10.11.12.21)\n", done.stderr)
        self.assertNotIn("nat_router", done.stderr)


class Check(OwnNetwork):
    def be_the_primary(self):
        self.become(("192.168.26.9/24", "eth0"), ("10.11.12.9/24", "eth1"))
        self.set("net.ipv4.ip_forward=1")

    def test_a_router_is_told_what_is_missing_until_it_is_there(self):
        config = self.config()
        self.become(("192.168.26.9/24", "eth0"), ("10.11.12.9/24", "eth1"))
        found = self.check(config, code=1)
        self.assertEqual(found["host"], "the primary router")
        cures = {f["message"].split(":")[0]: f["cure"] for f in found["findings"]}
        self.assertEqual(cures["net.ipv4.ip_forward is 0, but the real servers' answers pass "
                               "through this router"], "sysctl -w net.ipv4.ip_forward=1")
        self.set("net.ipv4.ip_forward=1")
        self.assertEqual(len(self.messages(config)), 3)
        cure = cures["virtual \"ftp\" needs firewall mark 21"]
        self.assertEqual(cure, f"lvsrouter rules --config {config} | nft -f -")
        run("sh", "-c", cure.replace("lvsrouter", LVSROUTER, 1))
        self.assertEqual(self.messages(config), [])

    def test_rules_of_iptables_count_as_well(self):
        config = self.config()
        self.be_the_primary()
        run("iptables-restore", text=self.rules(config, "--format", "iptables"))
        self.assertEqual(self.messages(config), [])
        run("iptables", "-t", "mangle", "-D", "PREROUTING", "2")
        self.assertEqual(len(self.messages(config)), 1)

    def test_a_rule_for_another_address_excuses_nothing(self):
        config = self.config()
        self.be_the_primary()
        run("iptables-restore", text=self.rules(config, "--format", "iptables"))
        run("iptables", "-t", "mangle", "-F", "PREROUTING")
        for address, severity in (("192.168.26.11", "error"), ("192.168.26.10", "warning")):
            run("iptables", "-t", "mangle", "-A", "PREROUTING", "-d", address, "-i", "eth1", "-p",
                "tcp", "--dport", "21", "-j", "MARK", "--set-mark", "21")
            of_marks = [f["severity"] for f in self.check(config)["findings"]
                        if "needs firewall mark 21" in f["message"]]
            self.assertEqual(of_marks, [severity] * 2)

    def test_ports_of_a_mark_that_no_service_has_are_refused(self):
        config = self.config(blocks=FTP.format(vip="192.168.26.10", server="10.11.12.21").replace(
            "    fwmark = 21\n", ""))
        self.be_the_primary()
        done = run(LVSROUTER, "check", "--config", config, "--mark-ports", "99=443", check=False)
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr, "lvsrouter check: --mark-ports 99=443: no active virtual has "
                                      "fwmark 99; there are none\n")

    def test_without_rights_it_says_what_it_has_not_looked_at(self):
        config = self.config()
        os.chmod(config, 0o644)
        os.chmod(self.folder.name, 0o755)
        self.be_the_primary()
        run("nft", "-f", "-", text=self.rules(config))
        parts = ["loaded rules", "who else holds a virtual address"]
        bare = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all", LVSROUTER, "check",
                "--config", config)
        found = json.loads(run(*bare, "--json", check=False).stdout)
        self.assertEqual(found["not_looked_at"], parts)
        self.assertIn("cannot tell whether another host holds a virtual address: eth0 was not "
                      "asked: CAP_NET_RAW is missing", [f["message"] for f in found["findings"]])
        self.assertRegex(run(*bare, check=False).stdout,
                         f"This host is the primary router: .*; not looked at: {', '.join(parts)}\n$")
        self.assertEqual(self.check(config)["not_looked_at"], [])

    def test_another_passive_range_is_another_need(self):
        config = self.config()
        self.be_the_primary()
        run("nft", "-f", "-", text=self.rules(config))
        found = self.messages(config, "--ftp-ports", "10000:20001")
        self.assertEqual(len(found), 1)
        self.assertIn("packets to tcp port 20001 of 192.168.26.10 get no firewall mark", found[0])

    def test_a_virtual_address_left_behind_is_told(self):
        config = self.config()
        self.be_the_primary()
        run("nft", "-f", "-", text=self.rules(config))
        self.become(("192.168.26.10/24", "eth0"))
        self.assertIn("though no lvsrouter runs here", self.messages(config)[0])

    def test_a_held_heartbeat_port_is_told_with_its_holder(self):
        config = self.config()
        self.be_the_primary()
        run("nft", "-f", "-", text=self.rules(config))
        holder = subprocess.Popen(
            [sys.executable, "-c",
             "import socket,sys; s=socket.socket(type=socket.SOCK_DGRAM); "
             "s.bind(('192.168.26.9',539)); print(flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            holder.stdout.readline()
            found = self.messages(config)
        finally:
            holder.communicate()
        self.assertEqual(len(found), 1)
        self.assertIn(f"(process {holder.pid}) holds at 192.168.26.9", found[0])

    def test_a_real_server_is_told_what_is_missing_until_it_is_there(self):
        config = self.config("direct")
        self.become(("10.11.12.21/24", "eth0"))
        run("ip", "link", "set", "lo", "up")
        self.assertIn("does not have 192.168.26.10", self.messages(config)[0])
        run("ip", "-batch", "-", text=self.rules(config, "--real-server", "oak", "--format", "ip"))
        found = self.messages(config)
        self.assertEqual(len(found), 2, found)
        self.assertIn("answers ARP requests for 192.168.26.10 on ", found[0])
        run("nft", "-f", "-", text=self.rules(config, "--real-server", "oak"))
        self.assertEqual(self.messages(config), [])
        run("nft", "flush", "ruleset")
        run("arptables-restore",
            text=self.rules(config, "--real-server", "oak", "--format", "arptables"))
        self.assertEqual(self.messages(config), [])
        run("nft", "flush", "ruleset")
        for line in self.rules(config, "--real-server", "oak", "--format", "sysctl").splitlines():
            if not line.startswith("#"):
                self.set(line)
        self.assertEqual(self.messages(config), [])

    def test_a_host_outside_of_the_cluster_is_told_so(self):
        found = self.check(self.config(), code=1)
        self.assertEqual((found["host"], found["errors"]), ("outside of the cluster", 1))

    def test_the_partners_file_is_held_against_this_one(self):
        config = self.config()
        self.be_the_primary()
        run("nft", "-f", "-", text=self.rules(config))
        other = self.config("direct", name="other.cf")
        self.assertEqual(self.messages(config, "--partner-config", config), [])
        self.assertIn("network is nat, but direct in",
                      self.messages(config, "--partner-config", other)[0])
        self.check(config, "--partner-config", "/no/such/file", code=2)

    def test_a_bad_configuration_is_told_instead_of_the_host(self):
        config = self.config(blocks="virtual a {\nactive = 2\nport = x!\n}\n")
        found = self.check(config, code=2)
        self.assertEqual((found["host"], found["errors"]), ("", 2))
        done = run(LVSROUTER, "check", "--config", config, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn(f"{config}:10:10: error: ", done.stdout)
        self.assertIn("this host was not looked at", done.stdout)


class FilesOfTheShapeOfPublishedOnes(OwnNetwork):
    def test_have_rules_that_load(self):
        tests = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
        for file, marks, server in (("data/lvs_cf/shape-failover-services.cf", 0, None),
                                    ("data/lvs_cf/shape-nat-two-tier.cf", 0, None),
                                    ("data/lvs_cf/shape-direct-fwmark.cf", 1, "192.0.2.81"),
                                    ("data/lvs_cf/shape-direct-weights.cf", 0, "192.0.2.11"),
                                    ("real/published/direct-persistent.cf", 0, "east")):
            config = os.path.join(tests, file)
            run("nft", "-f", "-", text=self.rules(config))
            loaded = run("nft", "list", "table", "inet", "lvsrouter").stdout
            self.assertEqual(loaded.count("meta mark set"), marks, file)
            if server:
                run("nft", "-f", "-", text=self.rules(config, "--real-server", server))
                self.assertIn("drop", run("nft", "list", "table", "arp", "lvsrouter").stdout)


if __name__ == "__main__":
    enter_own_network()
    unittest.main()

# SPDX-License-Identifier: GPL-2.0-only
"""`lvslab replay` on a capture with one wrong bit, and on wrong command lines, which it refuses
before it reads a capture. Called as damage_test.py LVSLAB."""
import os
import struct
import subprocess
import sys
import tempfile
import unittest

LVSLAB = os.path.abspath(sys.argv.pop(1))

LVS_CF = """primary = 192.168.26.9
network = direct
virtual shop {
    active = 1
    address = 192.168.26.10 eth0:1
    port = 80
    scheduler = rr
    server web1 {
        address = 192.168.26.21
        active = 1
    }
}
"""
SCENARIO = """scenario: shop
config: lvs.cf
routers: { lvs1: { public: 192.168.26.9/24 } }
servers: { web1: { address: 192.168.26.21/24, workers: 9, service: 5ms } }
clients: { office: { count: 40, network: 10.0.0.0/16 } }
workload:
  shop:
    from: office
    to: 192.168.26.10:80
    arrivals: poisson 20/s
    for: 2s
    request: 400B
    response: constant 2KiB
"""
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
SERVER = 0xC0A81A0A
CONNECTIONS = 30


class Capture:
    """Connections of two turns each, a packet every 3 ms, as a pcap of raw IP."""

    def __init__(self):
        self.records = []
        self.now = 1_700_000_000_000_000
        for i in range(CONNECTIONS):
            self.connection(0x0A000002 + i, 40000 + i, (77_777_777 * i) % 2**32)

    def connection(self, client, port, first):
        ours, theirs = first, (first * 3 + 5) % 2**32

        def segment(from_client, flags, length=0):
            nonlocal ours, theirs
            ends = (client, SERVER, port, 80) if from_client else (SERVER, client, 80, port)
            numbers = (ours, theirs) if from_client else (theirs, ours)
            if flags == SYN:
                numbers = (ours, 0)
            ip = struct.pack(">BBHHHBBHII", 0x45, 0, 40 + length, 0, 0, 64, 6, 0, *ends[:2])
            tcp = struct.pack(">HHIIBBHHH", *ends[2:], *numbers, 0x50, flags, 65535, 0, 0)
            self.records.append((self.now, ip + tcp + bytes(length)))
            self.now += 3000
            step = length + (1 if flags & (SYN | FIN) else 0)
            if from_client:
                ours = (ours + step) % 2**32
            else:
                theirs = (theirs + step) % 2**32

        segment(True, SYN)
        segment(False, SYN | ACK)
        segment(True, ACK)
        for _ in range(2):
            segment(True, ACK | PSH, 400)
            segment(False, ACK, 1460)
            segment(False, ACK | PSH, 588)
            segment(True, ACK)
        segment(True, FIN | ACK)
        segment(False, FIN | ACK)
        segment(True, ACK)

    def bytes(self, flip=None):
        """The file; `flip` is (record from 1, byte in it from its header on, bit)."""
        out = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
        for i, (at, packet) in enumerate(self.records, 1):
            record = bytearray(struct.pack("<IIII", at // 1_000_000, at % 1_000_000, len(packet),
                                           len(packet)) + packet)
            if flip and flip[0] == i:
                record[flip[1]] ^= 1 << flip[2]
            out += record
        return out


PACKET, IP, PER_CONNECTION = 16, 20, 14
CAPTURE = Capture()


def sequence_bit(bit):
    """(byte, bit) of the record's TCP sequence number."""
    return PACKET + IP + 4 + (31 - bit) // 8, bit % 8


class Damage(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.write("lvs.cf", LVS_CF)
        self.write("shop.yaml", SCENARIO)
        self.write("whole.pcap", CAPTURE.bytes())

    def write(self, name, content):
        with open(os.path.join(self.folder, name), "wb") as file:
            file.write(content if isinstance(content, bytes) else content.encode())

    def lvslab(self, *words):
        return subprocess.run([LVSLAB, *words], cwd=self.folder, capture_output=True, text=True,
                              check=False)

    def trace(self, capture):
        """(its lines in order, stdout, stderr)"""
        done = self.lvslab("replay", capture, "--force", "--output", "out.trace")
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(os.path.join(self.folder, "out.trace"), encoding="utf-8") as file:
            lines = [line for line in file.read().splitlines() if not line.startswith("#")]
        return lines, done.stdout, done.stderr

    def sizes(self, lines):
        """The bytes of every turn, connection by connection."""
        return [[word.rpartition("+")[2] for word in line.split()[2:]] for line in lines[1:]]

    def refused(self, *words):
        before = sorted(os.listdir(self.folder))
        done = self.lvslab("replay", *words)
        self.assertEqual((done.returncode, done.stdout), (2, ""), (words, done.stderr))
        self.assertEqual(sorted(os.listdir(self.folder)), before, words)
        return done.stderr

    def test_a_whole_capture_has_nothing_to_tell(self):
        lines, said, told = self.trace("whole.pcap")
        self.assertEqual(told, "")
        self.assertEqual(self.sizes(lines), [["400:2048", "400:2048"]] * CONNECTIONS)
        self.assertNotIn("outside the window", said)

    def test_one_bit_of_a_sequence_number_makes_no_bytes_and_is_named(self):
        whole = self.sizes(self.trace("whole.pcap")[0])
        for place in range(PER_CONNECTION):
            record = 5 * PER_CONNECTION + place + 1
            for bit in (20, 27, 31):
                self.write("bit.pcap", CAPTURE.bytes((record, *sequence_bit(bit))))
                lines, _, told = self.trace("bit.pcap")
                self.assertEqual(self.sizes(lines), whole, (place, bit, told))
                self.assertRegex(told, rf"^lvslab replay: bit\.pcap: packet {record}: .*\n$")
        self.assertRegex(told, r"sequence number [0-9]+ of client 10\.0\.0\.7:40005, expected "
                               r"[0-9]+ or what a window allows behind it: not used")

    def test_a_packet_that_is_longer_than_its_frame_is_named_and_makes_no_bytes(self):
        whole = self.sizes(self.trace("whole.pcap")[0])
        for place in range(3, PER_CONNECTION):
            record = 5 * PER_CONNECTION + place + 1
            self.write("bit.pcap", CAPTURE.bytes((record, PACKET + 2, 6)))
            lines, said, told = self.trace("bit.pcap")
            self.assertEqual(self.sizes(lines), whole)
            self.assertRegex(told, rf"^lvslab replay: bit\.pcap: packet {record}: an IP packet of "
                                   r"[0-9]+ bytes of .* in a frame that has room for [0-9]+: not "
                                   r"used\n$")
            self.assertIn("1 were malformed", said)

    def test_one_bit_of_a_time_moves_nothing_else_and_is_named(self):
        whole, said, _ = self.trace("whole.pcap")
        for record in (2, 77, 78, 200, len(CAPTURE.records) - 1):
            for bit in (3, 17, 27, 31):
                self.write("bit.pcap", CAPTURE.bytes((record, bit // 8, bit % 8)))
                lines, bit_said, told = self.trace("bit.pcap")
                self.assertRegex(told, rf"^lvslab replay: bit\.pcap: packet {record} tells a time "
                                       r"[0-9.]+ s (earlier|later) .*: put between them\n$")
                # Put between its neighbours it is where it was.
                self.assertEqual(sorted(lines), sorted(whole), (record, bit))
                self.assertEqual(bit_said.replace("bit.pcap", "whole.pcap"), said)

    def test_the_first_and_the_last_time_too(self):
        whole = self.sizes(self.trace("whole.pcap")[0])
        for record in (1, len(CAPTURE.records)):
            for bit in (17, 27, 31):
                self.write("bit.pcap", CAPTURE.bytes((record, bit // 8, bit % 8)))
                lines, said, told = self.trace("bit.pcap")
                self.assertEqual(self.sizes(lines), whole)
                self.assertRegex(told, rf"^lvslab replay: bit\.pcap: packet {record}.* tells a time")
                self.assertRegex(said, r"packets in 1\.2[0-9]+ s")

    def test_damage_without_end_is_counted(self):
        file = bytearray(CAPTURE.bytes())
        at = 24
        for i, (_, packet) in enumerate(CAPTURE.records):
            if i % PER_CONNECTION in (4, 5):
                file[at + sequence_bit(27)[0]] ^= 1 << 3
            at += PACKET + len(packet)
        self.write("bits.pcap", bytes(file))
        _, _, told = self.trace("bits.pcap")
        self.assertEqual(len(told.splitlines()), 21, told)
        self.assertRegex(told, r"bits\.pcap: [0-9]+ more packets are damaged\n$")

    def test_everything_else_is_looked_at_before_the_capture(self):
        # Read, the capture would be found damaged, or without a single service.
        self.write("cut.pcap", CAPTURE.bytes()[:-9])
        flow = ("--scenario", "shop.yaml", "--world", "flow")
        for server in ((), ("--server", "192.168.26.10:80")):
            told = self.refused("cut.pcap", *server, *flow, "--scheduler", "foo")
            self.assertRegex(told, r"^lvslab replay: scheduler foo is unknown; known are [^\n]*\n$")
            told = self.refused("cut.pcap", *server, *flow, "--workload", "shops", "--scheduler",
                                "foo")
            self.assertEqual(len(told.splitlines()), 2, told)
            self.assertIn("there is no workload shops", told)
            self.assertRegex(self.refused("cut.pcap", *server, "--output", "no/a.trace"),
                             r"^lvslab replay: no/a\.trace: there is no folder no\n$")
            self.write("kept.trace", "mine")
            self.assertRegex(self.refused("cut.pcap", *server, "--output", "kept.trace"),
                             r"^lvslab replay: kept\.trace: is there already; [^\n]*\n$")
        os.mkdir(os.path.join(self.folder, "mine"))
        self.write("mine/thesis.tex", "years of work")
        self.assertRegex(self.refused("cut.pcap", *flow, "--output", "mine"),
                         r"^lvslab replay: mine: [^\n]*thesis\.tex[^\n]*\n$")

    def test_what_is_no_capture_is_told_beside_the_rest(self):
        os.mkdir(os.path.join(self.folder, "folder"))
        for server in ((), ("--server", "192.168.26.10:80")):
            self.assertEqual(self.refused("folder", *server),
                             "lvslab replay: folder: is a folder, expected a capture (pcap or "
                             "pcapng)\n")
            self.assertRegex(self.refused("lvs.cf", *server),
                             r"^lvslab replay: lvs\.cf: is no capture \(pcap or pcapng\): [^\n]*\n$")
            self.assertRegex(self.refused("nowhere.pcap", *server),
                             r"^lvslab replay: nowhere\.pcap: No such file or directory\n$")
        told = self.refused("folder", "--speed", "0", "--scenario", "shop.yaml", "--world", "flow",
                            "--scheduler", "foo")
        self.assertEqual(len(told.splitlines()), 3, told)

    def test_an_empty_value_is_no_option_left_out(self):
        for option in ("--server", "--from", "--anonymise", "--output", "--idle", "--to"):
            self.assertIn(f"{option}: is empty", self.refused("whole.pcap", option, ""))
        told = self.refused("whole.pcap", "--scheduler-plugin", "")
        self.assertIn("--scheduler-plugin: the file's name is empty, expected that of a shared "
                      "library", told)

    def test_a_whole_one_runs(self):
        done = self.lvslab("replay", "whole.pcap", "--scenario", "shop.yaml", "--world", "flow",
                           "--output", "run", "--scheduler", "wlc")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")


if __name__ == "__main__":
    unittest.main()

// SPDX-License-Identifier: GPL-2.0-only
// What Piranha 0.8.6's reader does, one oddity a test. Its source is lvsconfig.c; every case here
// was also given to a build of it.
#include <gtest/gtest.h>

#include "tests/unit/config/reading.hpp"

namespace lvslab::config {
namespace {

using std::chrono::seconds;

TEST(PiranhaReading, StopsAtTheFirstErrorInItsOwnWords) {
    EXPECT_EQ(stop_of(""), "0: Empty configuration");
    EXPECT_EQ(stop_of("keepalive"), "1: equal (=) expected after command");
    EXPECT_EQ(stop_of("keepalive 3"), "1: equal (=) expected after command");
    EXPECT_EQ(stop_of("keepalive="), "1: unknown command");
    EXPECT_EQ(stop_of("keepalive =\nbogus = 1\n"), "1: missing arguments");
    EXPECT_EQ(stop_of("\n# c\nkeepalive = 3 4"), "3: unexpected arguments");
    EXPECT_EQ(stop_of("keepalive = x"), "1: integer expected");
    EXPECT_EQ(stop_of("heartbeat = 2"), "1: boolean expected");
    EXPECT_EQ(stop_of("heartbeat = x"), "1: integer expected");
    EXPECT_EQ(stop_of("network = tun"), "1: invalid argument");
    EXPECT_EQ(stop_of("nat_nmask = banana"), "1: Bad subnet mask specified");
    EXPECT_EQ(stop_of("}"), "1: unknown command");
    EXPECT_EQ(stop_of("virtual a {\ndirs = a\n}"), "2: list expected");
    EXPECT_EQ(stop_of("virtual a {\ndirs = [ a\n}"), "2: list expected");
    EXPECT_EQ(stop_of("virtual a {\nsorry_server = alpha.example\n}"),
              "2: invalid host name or ip address");
}

TEST(PiranhaReading, TellsZeroAddressesApartByDirective) {
    EXPECT_EQ(stop_of("primary = 0.0.0.0"), "1: invalid host name or ip address");
    EXPECT_EQ(stop_of("primary_private = 0"), "1: invalid host name or ip address");
    EXPECT_EQ(stop_of("backup_private = 0.0.0.0"), "1: invalid host name or ip address");
    EXPECT_EQ(stop_of("backup = 0.0.0.0"), "ok");
    EXPECT_EQ(stop_of("primary = nowhere.example"), "1: invalid argument");
    EXPECT_EQ(must(as_piranha("primary = alpha.example")).primary.to_string(), "192.0.2.7");
    EXPECT_EQ(stop_of("primary = six.example"), "1: invalid argument") << "it asks for IPv4 only";
}

TEST(PiranhaReading, ChecksBlockHeadersInItsOrder) {
    EXPECT_EQ(stop_of("virtual"), "1: missing arguments");
    EXPECT_EQ(stop_of("virtual a"), "1: missing arguments");
    EXPECT_EQ(stop_of("virtual a{"), "1: missing arguments");
    EXPECT_EQ(stop_of("virtual a b"), "1: missing arguments");
    EXPECT_EQ(stop_of("virtual a b {"), "1: unexpected arguments");
    EXPECT_EQ(stop_of("virtual \"a\" {"), "1: quotation mismatch");
    EXPECT_EQ(must(as_piranha("virtual \"a b\" {")).virtual_servers.at(0).name, "a b");
}

TEST(PiranhaReading, TakesWordsBehindAClosingBraceAndAMissingOne) {
    const auto config =
        must(as_piranha("virtual a {\nserver s {\n} foo\n} \"b c\" d\n"
                        "failover f {\nactive = 1"));
    EXPECT_EQ(config.virtual_servers.at(0).servers.at(0).name, "s");
    EXPECT_TRUE(config.failover_services.at(0).active);
}

TEST(PiranhaReading, ReadsOnlyTheFirstLineOfACrlfFile) {
    const auto config = must(as_piranha("keepalive = 3\r\ndeadtime = 9\r\nbogus\r\n"));
    EXPECT_EQ(config.keepalive, seconds(3));
    EXPECT_EQ(config.deadtime, seconds(5)) << "the default";
}

TEST(PiranhaReading, ReadsAFileWhoseLinesEndWithCarriageReturns) {
    EXPECT_EQ(must(as_piranha("keepalive = 3\rdeadtime = 9\r")).deadtime, seconds(9));
}

TEST(PiranhaReading, TakesAllUpToALateCarriageReturnAsOneLine) {
    EXPECT_EQ(stop_of("keepalive = 3\ndeadtime = 9\nsync = 1\r\n"), "1: unexpected arguments");
    EXPECT_EQ(must(as_piranha("\nkeepalive = 3\nbogus\r\nsync = 1\n")).keepalive, seconds(2))
        << "a blank first line hides the rest of that line";
    EXPECT_EQ(must(as_piranha("# c\nkeepalive = 3\r\ndeadtime = 9\n")).deadtime, seconds(9));
    EXPECT_EQ(must(as_piranha("rsh_command = a\nb\r\n")).rsh_command, "a\nb");
    EXPECT_EQ(must(as_piranha("backup = 10.0.0.1\nx\r\n")).backup.to_string(), "10.0.0.1")
        << "inet_aton does not look behind white space";
}

TEST(PiranhaReading, EndsAtANulThatStartsALineAndWouldCrashAtAnother) {
    using namespace std::string_view_literals;
    EXPECT_EQ(must(as_piranha("keepalive = 3\n\0bogus"sv)).keepalive, seconds(3));
    EXPECT_EQ(stop_of("keepalive = 3\nsync = 1\0\n"sv), "2: Piranha's reader crashes here");
    EXPECT_EQ(stop_of("virtual a {\ndirs =\n}"), "2: Piranha's reader crashes here");
}

TEST(PiranhaReading, LosesUnmatchedQuotesBehindTheFirstLineOfAVirtual) {
    EXPECT_EQ(stop_of("send = \"GET"), "1: quotation mismatch");
    EXPECT_EQ(stop_of("virtual a {\nsend = \"GET\n}"), "2: quotation mismatch");
    EXPECT_EQ(stop_of("virtual a {\nactive = 1\nsend = \"GET\n}"), "3: missing arguments");
    EXPECT_EQ(stop_of("virtual a {\nserver s {\n}\nsend = \"GET\n}"), "4: missing arguments");
    EXPECT_EQ(stop_of("virtual a {\nserver s {\nactive = 1\nport = \"1\n}\n}"),
              "4: quotation mismatch");
    EXPECT_EQ(
        must(as_piranha("virtual a {\nactive = 1\nport = 81 \"x\n}")).virtual_servers.at(0).port,
        Port(81))
        << "what stands before the quote counts";
    EXPECT_EQ(stop_of("virtual a {\nactive = 1\n\"x\nport = 81\n}"), "4: unknown command")
        << "a quote at the line's start ends the block";
}

TEST(PiranhaReading, WantsAQuotedWordWithoutBlanksAtTheVeryEndOfItsLine) {
    EXPECT_EQ(stop_of("rsh_command = \"ssh\" "), "1: quotation mismatch");
    EXPECT_EQ(stop_of("rsh_command = \"ssh\"x"), "1: quotation mismatch");
    EXPECT_EQ(stop_of("rsh_command = 'ssh\""), "1: quotation mismatch");
    EXPECT_EQ(must(as_piranha("rsh_command = \"s\"h\"")).rsh_command, "s\"h");
    EXPECT_EQ(must(as_piranha("rsh_command = \"ssh -x\"  ")).rsh_command, "ssh -x");
}

TEST(PiranhaReading, KeepsSingleQuotesOfProbesAndDropsDoubleOnes) {
    const auto a = must(as_piranha("virtual a {\nsend = \"GET /\\r\\n\"\nexpect = 'HTTP OK'\n"
                                   "send_program = \"'x' y\"\nstart_cmd = bare\n"
                                   "load_monitor = 'x'\n}"))
                       .virtual_servers.at(0);
    EXPECT_EQ(a.send, "GET /\\r\\n") << "escapes are nanny's to decode";
    EXPECT_EQ(a.expect, "'HTTP OK'");
    EXPECT_EQ(a.send_program, "'x' y");
    EXPECT_EQ(a.start_cmd, "bare");
    EXPECT_EQ(a.load_monitor, "x") << "quotes of other texts are gone";
}

TEST(PiranhaReading, IgnoresABadPmaskAndStoresAllOnesAsNone) {
    const auto pmask = [](const std::string& lines) {
        return must(as_piranha("virtual a {\n" + lines + "}")).virtual_servers.at(0).pmask;
    };
    EXPECT_EQ(pmask("pmask = 255.255.0.0\npmask = banana\n"), Address::parse("255.255.0.0"));
    EXPECT_EQ(pmask("pmask = 255.255.0.0\npmask = 255.255.255.255\n"), std::nullopt);
    EXPECT_EQ(pmask("pmask = 0xffffffff\n"), Address::parse("255.255.255.255"));
}

TEST(PiranhaReading, GivesAServerThePortThatIsKnownAtItsBlock) {
    const auto a = must(as_piranha("virtual a {\nserver early {\n}\nport = 443\nserver late {\n}\n"
                                   "server own {\nport = 8080\n}\n}"))
                       .virtual_servers.at(0);
    EXPECT_EQ(a.servers.at(0).port, Port(80));
    EXPECT_EQ(a.servers.at(1).port, Port(443));
    EXPECT_EQ(a.servers.at(2).port, Port(8080));
}

TEST(PiranhaReading, TakesPortsByTcpNameForServicesOnly) {
    EXPECT_EQ(must(as_piranha("heartbeat_port = https")).heartbeat_port, Port(443));
    EXPECT_EQ(stop_of("heartbeat_port = tftp"), "1: invalid argument") << "known for UDP only";
    EXPECT_EQ(stop_of("virtual a {\nserver s {\nport = http\n}\n}"), "3: integer expected");
}

TEST(PiranhaReading, StoresNumbersThatNoPortHas) {
    const auto config =
        must(as_piranha("heartbeat_port = 65537\nvirtual a {\nport = -1\n"
                        "server s {\n}\n}"));
    EXPECT_EQ(config.heartbeat_port_out_of_range, 65537);
    EXPECT_EQ(config.heartbeat_port, Port(1)) << "what htons() leaves of it";
    EXPECT_EQ(config.virtual_servers.at(0).servers.at(0).port_out_of_range, -1);
}

TEST(PiranhaReading, TakesPrivateAddressesFromThePublicOnes) {
    auto config =
        must(as_piranha("backup_private = 10.0.0.9\nbackup = 192.0.2.2\n"
                        "primary = 192.0.2.1\n"));
    EXPECT_EQ(config.primary_private.to_string(), "192.0.2.1");
    EXPECT_EQ(config.backup_private.to_string(), "192.0.2.2") << "even over a given one";
    config =
        must(as_piranha("primary = 192.0.2.1\nprimary_private = 10.0.0.1\nbackup = 192.0.2.2"));
    EXPECT_TRUE(config.backup_private.is_unspecified());
    EXPECT_TRUE(must(as_piranha("backup = 192.0.2.2")).backup_private.is_unspecified());
}

TEST(PiranhaReading, LooksAt99WordsOfALine) {
    std::string dirs = "virtual a {\ndirs = [";
    for (int i = 0; i < 95; ++i) {
        dirs += " d";
    }
    EXPECT_EQ(must(as_piranha(dirs + " ] rest\n}")).virtual_servers.at(0).dirs->size(), 95U);
    EXPECT_EQ(stop_of(dirs + " d ]\n}"), "2: list expected");
}

TEST(PiranhaReading, KnowsNoExtension) {
    EXPECT_EQ(stop_of("keepalive = 250ms"), "1: integer expected");
    EXPECT_EQ(stop_of("backup = 2001:db8::1"), "1: invalid argument");
    EXPECT_EQ(stop_of("virtual a {\nscheduler = sed\n}"), "2: invalid argument");
    EXPECT_EQ(stop_of("virtual a {\nprotocol = sctp\n}"), "2: invalid argument");
    EXPECT_EQ(stop_of("virtual a {\nsched_flags = sh-port\n}"), "2: unknown command");
    EXPECT_EQ(stop_of("virtual a {\nserver s {\nu_threshold = 1\n}\n}"), "3: unknown command");
}

TEST(PiranhaReading, NamesTheColumnOfTheWordItStopsAt) {
    const auto read = as_piranha("virtual a {\n  port = banana\n}");
    EXPECT_EQ(read.diagnostics.to_string(), "lvs.cf:2:10: invalid argument\n");
}

}  // namespace
}  // namespace lvslab::config

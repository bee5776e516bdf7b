// SPDX-License-Identifier: GPL-2.0-only
// Loads of real servers: rstatd behind a port mapper, rwhod's datagrams and spool, uptime.
#include <ctime>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "realmode/probes/load_source.hpp"
#include "realmode/probes/rstat_rpc.hpp"
#include "realmode/probes/whod_listener.hpp"
#include "realmode/probes/whod_packet.hpp"
#include "tests/unit/realmode_probes/loopback.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using ports::LoadMethod;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Load = std::optional<double>;
using Datagrams = std::vector<UdpServer::Bytes>;

const auto server = Address::v4(0x7F000001);

class LoadTest : public testing::Test {
protected:
    Load ask(NetworkLoadSource& source, LoadMethod method, const Address& of = server) {
        std::optional<Load> answer;
        source.ask(of, method, [&](Load load) { answer = load; });
        EXPECT_FALSE(answer.has_value()) << "the answer came from within ask()";
        return run_until(loop_, answer);
    }
    NetworkLoadSource source() {
        return NetworkLoadSource(loop_, settings_, [this](std::string n) { notes_.push_back(n); });
    }

    EventLoop loop_;
    LoadSettings settings_;
    std::vector<std::string> notes_;
};

/// A host's port mapper and rstatd, which has these versions.
class RstatHost {
public:
    RstatHost(EventLoop& loop, std::vector<std::uint32_t> versions)
        : versions_(std::move(versions)),
          rstatd_(loop, [this](const auto& bytes) { return statistics(bytes); }),
          portmapper_(loop, [this](const auto& bytes) { return port(bytes); }) {}

    Port portmapper() const { return portmapper_.endpoint().port; }

    double load = 0.75;
    std::size_t lost = 0;  ///< so many questions go unanswered
    bool registered = true;
    /// Changes what is answered.
    std::function<Datagrams(const rpc::Call&, rpc::Reply)> changed =
        [](const auto&, const rpc::Reply& reply) { return Datagrams{rpc::encode(reply)}; };
    std::vector<std::uint32_t> asked;

private:
    Datagrams port(const UdpServer::Bytes& bytes) {
        const auto call = rpc::decode_call(bytes).value();
        if (lost > 0) {
            --lost;
            return {};
        }
        EXPECT_EQ(call, rpc::getport(call.xid, rpc::rstat_program, call.arguments[7]));
        const auto where = registered ? rstatd_.endpoint().port : Port{};
        return changed(call, {call.xid, rpc::Status::success, 0, 0, rpc::port_results(where)});
    }
    Datagrams statistics(const UdpServer::Bytes& bytes) {
        const auto call = rpc::decode_call(bytes).value();
        EXPECT_EQ(call.program, rpc::rstat_program);
        EXPECT_EQ(call.procedure, rpc::stats_procedure);
        asked.push_back(call.version);
        rpc::Reply reply{call.xid, rpc::Status::success, 0, 0, {}};
        if (std::ranges::find(versions_, call.version) == versions_.end()) {
            reply.status = rpc::Status::program_mismatch;
            reply.lowest = versions_.front();
            reply.highest = versions_.back();
        } else {
            reply.results = rpc::stats_results(call.version, load);
        }
        return changed(call, reply);
    }

    std::vector<std::uint32_t> versions_;
    UdpServer rstatd_, portmapper_;
};

class Rup : public LoadTest {
protected:
    Load ask_host(const RstatHost& host) {
        settings_.portmapper = host.portmapper();
        auto loads = source();
        return ask(loads, {LoadMethod::Program::rup, ""});
    }
};

TEST_F(Rup, GivesTheOneMinuteLoad) {
    RstatHost host(loop_, {2, 3, 4});
    EXPECT_EQ(ask_host(host), 0.75);
    EXPECT_THAT(host.asked, ElementsAre(3));
}

TEST_F(Rup, TakesTheVersionThatTheHostHas) {
    for (const std::uint32_t version : {2U, 4U}) {
        RstatHost host(loop_, {version});
        EXPECT_EQ(ask_host(host), 0.75);
        EXPECT_EQ(host.asked.back(), version);
    }
    RstatHost too_old(loop_, {1});
    EXPECT_EQ(ask_host(too_old), std::nullopt);
    EXPECT_THAT(too_old.asked, ElementsAre(3, 4, 2));
}

TEST_F(Rup, AsksAgainWhereADatagramWasLost) {
    settings_.retry = 5ms;
    settings_.limit = 60s;
    RstatHost host(loop_, {3});
    host.lost = 3;
    EXPECT_EQ(ask_host(host), 0.75);
}

TEST_F(Rup, WithoutAPortMapperThereIsNoLoad) {
    settings_.limit = 60s;
    boost::asio::ip::udp::socket gone(loop_, {boost::asio::ip::address_v4::loopback(), 0});
    settings_.portmapper = Port{gone.local_endpoint().port()};
    gone.close();
    auto loads = source();
    EXPECT_EQ(ask(loads, {LoadMethod::Program::rup, ""}), std::nullopt);
}

TEST_F(Rup, WithoutRstatdThereIsNoLoad) {
    settings_.limit = 60s;
    RstatHost host(loop_, {3});
    host.registered = false;
    EXPECT_EQ(ask_host(host), std::nullopt);
    EXPECT_THAT(host.asked, IsEmpty());
}

TEST_F(Rup, ASilentHostHasNoLoadAtTheLimit) {
    settings_.limit = 20ms;
    RstatHost host(loop_, {3});
    host.lost = 1000;
    EXPECT_EQ(ask_host(host), std::nullopt);
}

TEST_F(Rup, DoesNotHearAnswersToOtherQuestions) {
    RstatHost host(loop_, {3});
    host.changed = [](const rpc::Call&, const rpc::Reply& reply) {
        auto forged = reply;
        forged.xid += 1;
        forged.results = rpc::stats_results(3, 99);
        auto cut = rpc::encode(reply);
        cut.resize(7);
        return Datagrams{rpc::encode(forged), cut, {}, rpc::encode(reply)};
    };
    EXPECT_EQ(ask_host(host), 0.75);
}

TEST_F(Rup, DoesNotHearAnswersFromOtherAddresses) {
    RstatHost host(loop_, {3});
    boost::asio::ip::udp::socket stranger(loop_, {boost::asio::ip::address_v4(0x7F000002), 0});
    UdpServer* portmapper = nullptr;
    std::optional<boost::asio::ip::udp::endpoint> client;
    UdpServer watched(loop_, [&](const auto& bytes) {
        const auto call = rpc::decode_call(bytes).value();
        const rpc::Reply forged{call.xid, rpc::Status::success, 0, 0, rpc::port_results(Port{1})};
        stranger.send_to(boost::asio::buffer(rpc::encode(forged)), portmapper->last_client());
        return Datagrams{rpc::encode(
            rpc::Reply{call.xid, rpc::Status::success, 0, 0, rpc::port_results(Port{})})};
    });
    portmapper = &watched;
    settings_.portmapper = watched.endpoint().port;
    auto loads = source();
    // Had it been heard, port 1 would have been asked instead of three versions of the right one.
    EXPECT_EQ(ask(loads, {LoadMethod::Program::rup, ""}), std::nullopt);
    EXPECT_EQ(watched.heard().size(), 3U);
}

TEST_F(Rup, AMalformedResultIsNoLoad) {
    settings_.limit = 60s;
    RstatHost host(loop_, {3});
    host.changed = [](const rpc::Call& call, rpc::Reply reply) {
        if (call.program == rpc::rstat_program) {
            reply.results.resize(reply.results.size() / 2);
        }
        return Datagrams{rpc::encode(reply)};
    };
    EXPECT_EQ(ask_host(host), std::nullopt);
}

TEST_F(Rup, AnswersNobodyWhoIsGone) {
    RstatHost host(loop_, {3});
    settings_.portmapper = host.portmapper();
    for (int steps = 0; steps < 12; ++steps) {
        bool gone = false;
        {
            auto loads = source();
            loads.ask(server, {LoadMethod::Program::rup, ""},
                      [&gone](auto) { EXPECT_FALSE(gone); });
            loads.ask(server, {LoadMethod::Program::uptime, "echo"},
                      [&gone](auto) { EXPECT_FALSE(gone); });
            for (int i = 0; i < steps; ++i) {
                loop_.poll_one();
            }
            gone = true;
        }
        loop_.restart();
        loop_.poll();
    }
}

class Ruptime : public LoadTest {
protected:
    static constexpr LoadMethod method{LoadMethod::Program::ruptime, ""};

    void SetUp() override {
        boost::asio::ip::udp::socket free(loop_, {boost::asio::ip::address_v4(0x7F000002), 0});
        settings_.who = Port{free.local_endpoint().port()};
    }
    /// As rwhod of this address, from its own port or another.
    void tell(const Address& from, const std::vector<std::uint8_t>& bytes, bool own_port = true) {
        using boost::asio::ip::udp;
        udp::socket rwhod(loop_, udp::v4());
        rwhod.set_option(udp::socket::reuse_address(true));
        rwhod.bind({boost::asio::ip::address_v4(from.v4_host_order()),
                    own_port ? settings_.who.value() : std::uint16_t{0}});
        rwhod.send_to(boost::asio::buffer(bytes),
                      {boost::asio::ip::address_v4::loopback(), settings_.who.value()});
    }
    /// The datagrams have come: loopback is as fast as send_to. What reads them reads them all.
    void hear() {
        loop_.restart();
        loop_.run_one();
    }
    std::vector<std::uint8_t> whod(std::int32_t hundredths) {
        return encode(WhodPacket{1, 0, "web1", {hundredths, 0, 0}, 1});
    }

    const Address web1_ = Address::v4(0x7F000002), web2_ = Address::v4(0x7F000003);
};

TEST_F(Ruptime, GivesWhatTheServerToldLast) {
    auto loads = source();
    EXPECT_EQ(ask(loads, method, web1_), std::nullopt) << "nobody has told anything yet";
    EXPECT_EQ(ask(loads, method, web2_), std::nullopt);
    tell(web1_, whod(150));
    tell(web2_, whod(20));
    tell(web1_, whod(175));
    hear();
    EXPECT_EQ(ask(loads, method, web1_), 1.75);
    EXPECT_EQ(ask(loads, method, web2_), 0.2);
    EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(Ruptime, DoesNotHearOtherPortsMalformedOnesAndStrangers) {
    auto loads = source();
    ask(loads, method, web1_);
    tell(web1_, whod(50));
    tell(web1_, whod(999), false);
    auto cut = whod(999);
    cut.pop_back();
    tell(web1_, cut);
    tell(web2_, whod(999));
    hear();
    EXPECT_EQ(ask(loads, method, web1_), 0.5);
    EXPECT_EQ(ask(loads, method, web2_), std::nullopt) << "it was not listened to before";
}

TEST_F(Ruptime, ForgetsAHostThatHasFallenSilent) {
    settings_.stale = Duration::zero();
    auto loads = source();
    ask(loads, method, web1_);
    tell(web1_, whod(50));
    hear();
    EXPECT_EQ(ask(loads, method, web1_), std::nullopt);
}

TEST_F(Ruptime, ReadsTheSpoolOfThisHostsRwhod) {
    using boost::asio::ip::udp;
    udp::socket local_rwhod(loop_, {udp::v4(), settings_.who.value()});
    const auto folder =
        std::filesystem::temp_directory_path() / ("lvslab-spool-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder);
    settings_.spool = folder;
    settings_.hosts = folder / "hosts";
    std::ofstream(settings_.hosts) << "127.0.0.3 other\n127.0.0.2 web1.example.com www # web2\n";
    // As this host keeps it: its own byte order.
    const auto now = static_cast<std::int32_t>(std::time(nullptr));
    std::vector<std::uint8_t> kept = whod(0);
    const std::int32_t load = 325;
    std::memcpy(kept.data() + 8, &now, 4);
    std::memcpy(kept.data() + 44, &load, 4);
    const auto write = [&] {
        std::ofstream(folder / "whod.web1", std::ios::binary)
            .write(reinterpret_cast<const char*>(kept.data()),
                   static_cast<std::streamsize>(kept.size()));
    };
    write();
    auto loads = source();
    EXPECT_EQ(ask(loads, method, web1_), 3.25);
    EXPECT_EQ(ask(loads, method, web2_), std::nullopt);
    const std::int32_t long_ago = now - 12 * 60;
    std::memcpy(kept.data() + 8, &long_ago, 4);
    write();
    EXPECT_EQ(ask(loads, method, web1_), std::nullopt);
    EXPECT_THAT(notes_, ElementsAre(HasSubstr(folder.string())));
    EXPECT_THAT(names_in_hosts(settings_.hosts, web1_),
                ElementsAre("web1.example.com", "web1", "www", "www"));
    std::filesystem::remove_all(folder);
}

class Uptime : public LoadTest {
protected:
    Load uptime(const std::string& shell) {
        auto loads = source();
        return ask(loads, {LoadMethod::Program::uptime, shell});
    }
};

TEST_F(Uptime, ReadsTheOutputOfTheRemoteShell) {
    // echo stands for rsh: the output holds its arguments.
    EXPECT_EQ(uptime("echo up 3 days, load average: 0.42, 1.00, 2.00 of"), 0.42);
}

TEST_F(Uptime, AnythingElseIsNoLoad) {
    EXPECT_EQ(uptime("echo"), std::nullopt);
    EXPECT_EQ(uptime("false load average: 1.00, "), std::nullopt);
    EXPECT_EQ(uptime("/no/such/shell"), std::nullopt);
}

TEST_F(Uptime, AShellThatHangsIsEndedAtTheLimit) {
    settings_.limit = 20ms;
    // tail waits for more of a file that never grows, named by no argument of ours.
    EXPECT_EQ(uptime("sleep 1000"), std::nullopt);
    EXPECT_EQ(uptime("tail -f /dev/null"), std::nullopt);
}

}  // namespace
}  // namespace lvslab::realmode

// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/fault_player.hpp"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include "sim/packet/clock.hpp"
#include "sim/packet/simulation_timers.hpp"
#include "tests/packet/traffic.hpp"

namespace lvslab::packet_world::testing {

using world::FaultPlayer;
using world::FaultTargets;
namespace {

using scenario::Fault;
using scenario::FaultKind;
using scenario::FaultTarget;
using std::chrono::seconds;
using Lines = std::vector<std::string>;

/// Writes down what is done to whom, and when.
class Written : public FaultTargets {
public:
    void crash(const Machine& m) override { write("crash", m); }
    void restart(const Machine& m) override { write("restart", m); }
    void hang(const Machine& m) override { write("hang", m); }
    void resume(const Machine& m) override { write("resume", m); }
    void stop(const Machine& m) override { write("stop", m); }
    void start(const Machine& m) override { write("start", m); }
    void slow(const Machine& m, double f) override { write(fmt::format("slow {}", f), m); }
    void suspend(unsigned r) override { write("suspend", {Machine::Kind::router, r}); }
    void kill(unsigned r) override { write("kill", {Machine::Kind::router, r}); }
    void terminate(unsigned r) override { write("terminate", {Machine::Kind::router, r}); }
    void release(unsigned r) override { write("release", {Machine::Kind::router, r}); }
    void reload(unsigned r, const std::string& path,
                const std::shared_ptr<const config::LvsConfig>&) override {
        write("reload " + path, {Machine::Kind::router, r});
    }
    void cut(const MachineLinks& l, Way) override { write("cut", l.machine); }
    void heal(const MachineLinks& l, Way) override { write("heal", l.machine); }
    void set_loss(const MachineLinks& l, Way, std::optional<double> p) override {
        write(fmt::format("loss {}", p.value_or(-1)), l.machine);
    }
    void set_extra_delay(const MachineLinks& l, Way, Duration d) override {
        write("delay " + to_string(d), l.machine);
    }
    void cut_heartbeats(std::optional<Side> side, Way) override { heartbeat("cut", side); }
    void heal_heartbeats(std::optional<Side> side, Way) override { heartbeat("heal", side); }
    void set_heartbeat_loss(std::optional<Side> side, Way, std::optional<double>) override {
        heartbeat("loss", side);
    }
    void set_heartbeat_delay(std::optional<Side> side, Way, Duration) override {
        heartbeat("delay", side);
    }

    Lines lines;

private:
    void write(const std::string& what, const Machine& m) {
        static constexpr const char* kinds[] = {"lvs", "web", "data", "gateway"};
        lines.push_back(fmt::format("{} s: {} {}{}", to_seconds(now()), what,
                                    kinds[static_cast<std::size_t>(m.kind)], m.index + 1));
    }
    void heartbeat(const std::string& what, std::optional<Side> side) {
        lines.push_back(fmt::format("{} s: {} heartbeat {}", to_seconds(now()), what,
                                    side == Side::private_net ? "private" : "both or public"));
    }
};

struct Play {
    explicit Play(std::vector<Fault> faults) : scenario(with(std::move(faults))) {
        player = std::make_unique<FaultPlayer>(scenario, targets, timers, sink);
        sink.player = player.get();
        journal::RunStarted started;
        started.servers = {"web1", "web2"};
        started.routers = {"lvs1", "lvs2"};
        sink.take({Time{}, started});
    }
    ~Play() { ns3::Simulator::Destroy(); }

    void tell(Duration at, journal::Payload payload) {
        ns3::Simulator::Schedule(to_ns3(at), [this, payload] { sink.take({now(), payload}); });
    }
    const Lines& go(int end = 100) {
        ns3::Simulator::Stop(ns3::Seconds(end));
        ns3::Simulator::Run();
        return targets.lines;
    }

    static scenario::Scenario with(std::vector<Fault> faults) {
        auto s = cluster(config::NetworkType::nat, 2, 1);
        s.routers.push_back(router("lvs2", "192.168.26.8/24", "10.11.12.8/24"));
        s.faults = std::move(faults);
        return s;
    }
    struct Forwarder : Recorder {
        void take(const journal::Event& event) override {
            Recorder::take(event);
            player->take(event);
        }
        FaultPlayer* player = nullptr;
    };

    scenario::Scenario scenario;
    Written targets;
    Forwarder sink;
    SimulationTimers timers;
    std::unique_ptr<FaultPlayer> player;
};

Fault fault(FaultKind kind, FaultTarget target, const char* what) {
    Fault f;
    f.kind = kind;
    f.target = target;
    f.what = what;
    return f;
}

const FaultTarget web1{.kind = FaultTarget::Kind::server, .index = 0, .side = {}};

TEST(FaultPlayer, PlaysAFaultAtItsTimeAndUndoesItAfterItsLength) {
    auto cut =
        fault(FaultKind::cut, {.kind = FaultTarget::Kind::heartbeat, .side = Side::private_net},
              "cut heartbeat private");
    cut.at = Time{seconds(9)};
    cut.length = seconds(10);
    Play play({cut});
    EXPECT_EQ(play.go(), (Lines{"9 s: cut heartbeat private", "19 s: heal heartbeat private"}));
    const auto told = play.sink.all<journal::FaultInjected>();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].what, "cut heartbeat private");
    EXPECT_EQ(told[1].what, "heal heartbeat private");
}

TEST(FaultPlayer, Flaps) {
    auto stop = fault(FaultKind::stop, web1, "stop web1");
    stop.at = Time{seconds(10)};
    stop.length = seconds(3);
    stop.every = seconds(8);
    stop.times = 2;
    EXPECT_EQ(Play({stop}).go(), (Lines{"10 s: stop web1", "13 s: start web1", "18 s: stop web1",
                                        "21 s: start web1"}));
}

TEST(FaultPlayer, WaitsForAMoment) {
    auto crash = fault(FaultKind::crash, web1, "crash web1");
    crash.at = Time{seconds(20)};
    auto restart = fault(FaultKind::restart, web1, "restart web1");
    journal::Moment out;
    out.kind = journal::Moment::Kind::taken_out;
    out.subject = "web1";
    restart.after = out;
    restart.wait = seconds(10);
    Play play({crash, restart});
    play.tell(seconds(1), journal::RoleChanged{0, true, ""});
    play.tell(seconds(1), journal::DestinationAdded{0, 0, 0, 1});
    play.tell(seconds(25), journal::DestinationRemoved{0, 0, 0});
    EXPECT_EQ(play.go(), (Lines{"20 s: crash web1", "35 s: restart web1"}));
}

TEST(FaultPlayer, FindsTheActiveRouterWhenTheFaultStrikes) {
    auto crash = fault(FaultKind::crash, {.kind = FaultTarget::Kind::active_router, .side = {}},
                       "crash active router");
    crash.at = Time{seconds(40)};
    crash.length = seconds(5);
    auto hang = fault(FaultKind::hang, {.kind = FaultTarget::Kind::standby_router, .side = {}},
                      "hang standby router");
    hang.at = Time{seconds(10)};
    Play play({crash, hang});
    play.tell(seconds(1), journal::RoleChanged{0, true, ""});
    play.tell(seconds(30), journal::RoleChanged{0, false, ""});
    play.tell(seconds(30), journal::RoleChanged{1, true, ""});
    EXPECT_EQ(play.go(), (Lines{"10 s: hang lvs2", "40 s: crash lvs2", "45 s: restart lvs2"}));
}

TEST(FaultPlayer, DoesNothingToARouterThatIsNotThere) {
    auto crash = fault(FaultKind::crash, {.kind = FaultTarget::Kind::active_router, .side = {}},
                       "crash active router");
    crash.at = Time{seconds(40)};
    Play play({crash});
    EXPECT_TRUE(play.go().empty()) << "nobody is active";
    EXPECT_TRUE(play.sink.all<journal::FaultInjected>().empty());
}

}  // namespace
}  // namespace lvslab::packet_world::testing

// SPDX-License-Identifier: GPL-2.0-only
// The invariants of roles against core/pulse itself: two of its machines break none over lossy,
// late and cut channels, through crashes, dead router processes and releases; a pair that does not
// listen breaks them.
#include <algorithm>
#include <ostream>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/random.hpp"
#include "core/journal/invariants.hpp"
#include "tests/unit/pulse/two_routers.hpp"

using namespace lvslab;
using namespace std::chrono_literals;

namespace {

using pulse::Node;

/// A pair, its channel and what befalls it.
struct Trouble {
    std::uint64_t seed = 0;
    Duration keepalive{}, deadtime{}, delay{};
    double loss = 0;         ///< of each word, in the troubled times
    bool loss_told = false;  ///< the path counts as closed in these times
    bool private_path = false;
    bool failures = false;
    bool deaf = false;  ///< words arrive, as is told, and pulse does not take them
    pulse::Failback failback = pulse::Failback::none;

    friend std::ostream& operator<<(std::ostream& out, const Trouble& t) {
        return out << "seed " << t.seed << " keepalive " << to_string(t.keepalive) << " deadtime "
                   << to_string(t.deadtime) << " delay " << to_string(t.delay) << " loss " << t.loss
                   << (t.loss_told ? " told" : "") << (t.private_path ? ", two paths" : "")
                   << (t.failures ? ", failures" : "")
                   << (t.failback == pulse::Failback::primary ? ", failback" : "");
    }
};

/// Every other stretch of 40 s is troubled.
bool troubled(Time time) {
    return (time.time_since_epoch() / 40s) % 2 == 1;
}

Duration up_to(RandomStream& random, Duration most) {
    return Duration(
        static_cast<Duration::rep>(random.below(static_cast<std::uint64_t>(most.count()) + 1)));
}

/// Tells the journal's events of what two machines of core/pulse do.
class Teller final : public pulse::Observer {
public:
    Teller(const Trouble& trouble, journal::Sink& sink) : trouble_(trouble), sink_(sink) {
        journal::RunStarted run;
        run.routers = {"lvs1", "lvs2"};
        run.keepalive = {trouble.keepalive, trouble.keepalive};
        run.deadtime = {trouble.deadtime, trouble.deadtime};
        sink_.take({Time{}, run});
        paths(Time{}, true);
    }

    void takes(Node node, const pulse::Event& event, Time now) override {
        tell_paths(now);
        if (std::holds_alternative<pulse::Started>(event)) {
            // One that runs is started anew: a reboot within no time.
            sink_.take({now, journal::NodeChanged{name(node), journal::NodeState::crashed}});
            sink_.take({now, journal::NodeChanged{name(node), journal::NodeState::up}});
        } else if (const auto* heard = std::get_if<pulse::Heard>(&event)) {
            sink_.take({now, journal::HeartbeatHeard{
                                 index(node), path(heard->path),
                                 heard->word == pulse::ReadWord{pulse::Word::running}}});
        }
    }
    void crashes(Node node, Time now) override {
        tell_paths(now);
        sink_.take({now, journal::NodeChanged{name(node), journal::NodeState::crashed}});
    }
    void does(Node node, const pulse::Action& action, Time now) override {
        if (const auto* role = std::get_if<pulse::RoleChanged>(&action)) {
            sink_.take({now, journal::RoleChanged{index(node), role->active,
                                                  std::string(to_string(role->reason))}});
        } else if (const auto* sent = std::get_if<pulse::SendHeartbeat>(&action)) {
            sink_.take({now, journal::HeartbeatSent{index(node), path(sent->path),
                                                    sent->word == pulse::Word::running}});
            if (trouble_.deaf) {
                sink_.take({now, journal::HeartbeatHeard{1 - index(node), path(sent->path),
                                                         sent->word == pulse::Word::running}});
            }
        } else if (std::holds_alternative<pulse::RaiseAddresses>(action)) {
            sink_.take({now, journal::AddressRaised{index(node), vip_}});
        } else if (std::holds_alternative<pulse::LowerAddresses>(action)) {
            sink_.take({now, journal::AddressLowered{index(node), vip_}});
        } else if (const auto* announced = std::get_if<pulse::AnnounceAddresses>(&action)) {
            sink_.take({now, journal::AddressAnnounced{
                                 index(node), vip_, static_cast<std::uint32_t>(announced->nth)}});
        }
    }

private:
    static std::uint32_t index(Node node) { return static_cast<std::uint32_t>(index_of(node)); }
    static std::uint8_t path(pulse::Path path) { return path == pulse::Path::public_net ? 0 : 1; }
    static std::string name(Node node) { return node == Node::primary ? "lvs1" : "lvs2"; }

    void tell_paths(Time now) {
        if (trouble_.loss_told && troubled(now) == open_) {
            paths(now, !troubled(now));
        }
    }
    void paths(Time now, bool open) {
        open_ = open;
        for (const std::uint8_t path : {std::uint8_t{0}, std::uint8_t{1}}) {
            for (const std::uint32_t from : {0U, 1U}) {
                sink_.take(
                    {now, journal::HeartbeatPath{from, 1 - from, path, open, trouble_.delay}});
            }
        }
    }

    const Trouble& trouble_;
    journal::Sink& sink_;
    Address vip_ = Address::v4(0x0A000001);
    bool open_ = true;
};

void play(const Trouble& trouble, journal::Sink& sink) {
    pulse::Settings settings;
    settings.keepalive = trouble.keepalive;
    settings.deadtime = trouble.deadtime;
    settings.failback = trouble.failback;
    settings.private_path = trouble.private_path;
    RandomStream channel(trouble.seed, "channel"), nodes(trouble.seed, "nodes");
    Teller teller(trouble, sink);
    pulse::TwoRouters pair(
        settings,
        [&](const pulse::Sending& s) -> std::optional<Duration> {
            const bool lost = troubled(s.at) && channel.uniform() < trouble.loss;
            return lost || trouble.deaf ? std::nullopt
                                        : std::optional(up_to(channel, trouble.delay));
        },
        &teller);
    for (const auto node : {Node::primary, Node::backup}) {
        pair.start(node, Time{} + up_to(nodes, trouble.keepalive));
        for (int i = 0; trouble.failures && i < 6; ++i) {
            const auto then = Time{} + 10s + up_to(nodes, 380s);
            switch (nodes.below(3)) {
                case 0:
                    pair.crash(node, then);
                    pair.start(node, then + up_to(nodes, 30s));
                    break;
                case 1:
                    pair.happens(node, pulse::Released{}, then);
                    break;
                default:
                    pair.happens(node, pulse::RouterDied{}, then);
            }
        }
    }
    pair.run_until(Time{400s});
}

Trouble any_trouble() {
    const auto milliseconds = [](int low, int high) {
        return Duration(std::chrono::milliseconds(*rc::gen::inRange(low, high)));
    };
    Trouble t;
    t.seed = *rc::gen::arbitrary<std::uint64_t>();
    t.keepalive = milliseconds(100, 4000);
    t.delay = milliseconds(0, 1500);
    t.deadtime = t.keepalive + milliseconds(1, 6000);
    t.loss = *rc::gen::element(0.0, 0.2, 0.5, 0.9, 1.0);
    t.loss_told = *rc::gen::arbitrary<bool>();
    t.private_path = *rc::gen::arbitrary<bool>();
    t.failures = *rc::gen::arbitrary<bool>();
    t.failback = *rc::gen::element(pulse::Failback::none, pulse::Failback::primary);
    return t;
}

}  // namespace

RC_GTEST_PROP(InvariantsOfAPairProperty, HoldForPulseWhateverTheChannelDoes, ()) {
    const auto trouble = any_trouble();
    RC_LOG() << trouble << '\n';
    journal::Invariants invariants;
    play(trouble, invariants);
    if (!invariants.held()) {
        RC_FAIL(invariants.violations()[0].to_string());
    }
}

TEST(InvariantsOfAPair, AreBrokenByMachinesThatDoNotListen) {
    Trouble trouble;
    trouble.keepalive = 2s;
    trouble.deadtime = 5s;
    trouble.deaf = true;
    journal::Invariants invariants;
    play(trouble, invariants);
    ASSERT_FALSE(invariants.held());
    EXPECT_EQ(invariants.violations()[0].name, "one_active");
    EXPECT_NE(invariants.violations()[0].message.find("lvs1 and lvs2 are active"),
              std::string::npos);
}

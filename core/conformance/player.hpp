// SPDX-License-Identifier: GPL-2.0-only
/// Plays one recording on the model, once. What the recording leaves open of timers is settled as
/// it goes; replay() plays it again with other answers if that led nowhere.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/conformance/choice_test.hpp"
#include "core/conformance/recording.hpp"
#include "core/conformance/replay.hpp"
#include "core/ipvs/ipvs.hpp"

namespace lvslab::conformance {

/// What a recording shows later of a template that may be gone. Counters tell only how many of a
/// server's are; this tells which are to be thought of first.
enum class Later : std::uint8_t { gone, unknown, there };

/// Plays one recording.
class Player {
public:
    /// Attempt 0 thinks of timers in the order in which they were due, others in a random order.
    Player(const Recording& recording, const ipvs::Options& options, unsigned attempt = 0)
        : recording_(recording),
          profile_(options.profile),
          ipvs_(options),
          attempt_(attempt),
          order_(attempt, "order of timers") {
        report_.name = recording.name;
        for (std::size_t i = 0; i < recording.events.size(); ++i) {
            if (recording.events[i].counters) {
                counted_.push_back(i);
            }
        }
    }

    /// Whether counters left it open which templates were gone.
    bool chose() const { return chose_; }

    /// Ends early when so many events differ.
    Checked<Report> play(std::uint64_t enough = std::numeric_limits<std::uint64_t>::max());

private:
    struct Named {
        ipvs::ServiceKey key;
        ipvs::ServiceSettings settings;
    };

    void play_event(const Event& event);
    void play_change(const Event& event);
    ipvs::ControlResult change(const Event& event);
    void play_timeouts(const Event& event);
    void compare_error(const Event& event, ipvs::ControlResult result);
    void settle_dropping(const Event& event);
    void play_service(const Event& event);
    void play_in(const Event& event);
    void play_rs(const Event& event);
    void settle_entry(const Event& event, const ipvs::Segment& segment, bool seems_alive);
    bool may_bind(const ipvs::Segment& segment) const;
    void settle_before_bind(const Event& event, const ipvs::ServiceKey& key);
    std::optional<ServerCounters> next_counters(const ipvs::ServiceKey& key,
                                                const Endpoint& server);
    void compare_verdict(const Event& event, const ipvs::Segment& segment,
                         const ipvs::Verdict& verdict);
    void compare_counters(const Event& event);
    void compare_connections(const Event& event);
    bool explain(const std::vector<ServerCounters>& recorded, const ipvs::ServiceKey& key);
    void settle_missing(std::vector<std::uint32_t> fire, Time now);
    void note_alive(const ipvs::ServiceKey& key);
    /// A template that may be gone; if it is not, it is there until then.
    struct DueTemplate {
        std::uint32_t handle;
        Time lasts_until;
    };
    std::map<std::string, DueTemplate> due_templates(const std::vector<ipvs::DueTimer>& due) const;
    bool makes_template(std::size_t packet, const Endpoint& server) const;
    std::map<std::uint32_t, Later> told_later(const std::vector<ipvs::DueTimer>& due) const;
    std::vector<ServerCounters> counters_of(const ipvs::ServiceKey& key) const;
    Named* service_of(const Event& event);
    Named* service_for(const ipvs::Segment& segment);
    ipvs::Segment segment_of(const Event& event) const;

    void differ(std::string expected, std::string found) {
        if (!failure_) {
            failure_ = {std::move(expected), std::move(found)};
        }
    }
    void refuse(const Event& event, std::string message) {
        diagnostics_.error({recording_.name, event.line, 0}, std::move(message));
    }
    void settle(const Event& event, std::size_t index);

    const Recording& recording_;
    std::vector<std::size_t> counted_;  ///< the events that show counters
    ipvs::Profile profile_;
    ipvs::Ipvs ipvs_;
    Report report_;
    Diagnostics diagnostics_;
    std::map<std::string, Named> services_;
    std::string last_service_;
    std::vector<MarkRule> marks_;
    std::map<std::pair<Endpoint, Endpoint>, Endpoint> servers_;  ///< where (c, v) last went
    bool counters_after_ = false;
    Time now_{};
    ChoiceTest choices_;
    bool random_ = false;
    unsigned attempt_;
    RandomStream order_;
    bool chose_ = false;

    // Of the event at hand.
    std::size_t index_ = 0;
    std::optional<std::pair<std::string, std::string>> failure_;
    bool compared_ = false;
    bool in_doubt_ = false;
};

}  // namespace lvslab::conformance

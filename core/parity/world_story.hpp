// SPDX-License-Identifier: GPL-2.0-only
/// What is compared between two worlds that ran one plan: who got the connections, how long
/// responses took, and in which order what happened to routers and servers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"

namespace lvslab::parity {

/// Which of a story's threads a moment belongs to.
enum class Thread : std::uint8_t {
    role,     ///< a router became active or inactive
    address,  ///< a router raised or lowered a floating address
    server,   ///< a router put a real server in, changed its weight, or took it out
};
std::string_view to_string(Thread thread);

/// What is told of a real server that a router took out.
inline constexpr std::string_view server_is_out = "out";

struct Moment {
    Time time;
    Thread thread = Thread::role;
    std::string subject;  ///< "lvs1", "lvs1 10.0.0.1", "lvs1 http web1"
    std::string what;     ///< "active: partner silent", "raised", "in", "weight", "out"
    std::optional<std::int32_t> weight{};  ///< of "in" and "weight"

    /// What is told, as text: "in, weight 1".
    std::string text() const;
};

/// One world's run, reduced. Keeps every response time: meant for runs of up to some millions.
class WorldStory : public journal::Sink {
public:
    void take(const journal::Event& event) override;

    const journal::RunStarted& run() const { return run_; }
    /// Connections that IPVS gave to each server, by its index.
    const std::vector<std::uint64_t>& given() const { return given_; }
    /// Seconds, in the order of the responses.
    const std::vector<double>& response_times() const { return response_times_; }
    const std::vector<Moment>& moments() const { return moments_; }
    /// Subjects of Thread::server whose loads a router measured: their weights follow them.
    const std::set<std::string>& follow_load() const { return follow_load_; }
    /// The time of its last event.
    Time end() const { return end_; }
    std::uint64_t opened() const { return opened_; }
    std::uint64_t served() const { return served_; }

private:
    void on(Time now, const journal::RunStarted& event);
    void on(Time now, const journal::Decision& event);
    void on(Time now, const journal::ResponseReceived& event);
    void on(Time now, const journal::ConnectionOpened& event);
    void on(Time now, const journal::ConnectionClosed& event);
    void on(Time now, const journal::RoleChanged& event);
    void on(Time now, const journal::AddressRaised& event);
    void on(Time now, const journal::AddressLowered& event);
    void on(Time now, const journal::DestinationAdded& event);
    void on(Time now, const journal::DestinationEdited& event);
    void on(Time now, const journal::DestinationRemoved& event);
    void on(Time now, const journal::LoadMeasured& event);
    template <class Other>
    void on(Time, const Other&) {}
    template <class Change>
    std::string subject(const Change& event) const;
    template <class Change>
    void server(Time now, const Change& event, std::string_view what,
                std::optional<std::int32_t> weight = {});

    journal::RunStarted run_;
    std::vector<std::uint64_t> given_;
    std::vector<double> response_times_;
    std::vector<Moment> moments_;
    std::set<std::string> follow_load_;
    Time end_{};
    std::uint64_t opened_ = 0, served_ = 0;
};

}  // namespace lvslab::parity

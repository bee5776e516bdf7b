// SPDX-License-Identifier: GPL-2.0-only
// connections_accounted, counters_grow and packets_conserved: what must add up.
#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/journal/invariant_checker.hpp"

namespace lvslab::journal {
namespace {

/// A set of numbers that come mostly in a row, kept as stretches.
class NumberSet {
public:
    bool contains(std::uint64_t number) const {
        const auto after = stretches_.upper_bound(number);
        return after != stretches_.begin() && number <= std::prev(after)->second;
    }
    /// Adds a number that is not in it.
    void add(std::uint64_t number) {
        auto first = number, last = number;
        const auto after = stretches_.upper_bound(number);
        if (after != stretches_.begin() && std::prev(after)->second + 1 == number) {
            first = std::prev(after)->first;
        }
        if (after != stretches_.end() && number + 1 == after->first) {
            last = after->second;
            stretches_.erase(after);
        }
        stretches_[first] = last;
    }
    std::size_t stretches() const { return stretches_.size(); }
    void drop_first() { stretches_.erase(stretches_.begin()); }

private:
    std::map<std::uint64_t, std::uint64_t> stretches_;  ///< first -> last
};

class ConnectionChecker final : public InvariantChecker {
public:
    ConnectionChecker(bool openings_told, ReportViolation report)
        : openings_told_(openings_told), report_(std::move(report)) {}

    void take(const Event& event) override { dispatch(*this, event); }

    void on(Time now, const ConnectionOpened& e) {
        if (open_.contains(e.connection) || closed_.contains(e.connection)) {
            report_("connections_accounted", now,
                    fmt::format("connection {} ({} to {}) is opened a second time", e.connection,
                                e.client.to_string(), e.to.to_string()));
            return;
        }
        open_.insert(e.connection);
    }

    void on(Time now, const ConnectionClosed& e) {
        if (closed_.contains(e.connection)) {
            report_("connections_accounted", now,
                    fmt::format("connection {} is closed a second time", e.connection));
            return;
        }
        if (open_.erase(e.connection) == 0 && openings_told_) {
            report_("connections_accounted", now,
                    fmt::format("connection {} is closed and was never opened", e.connection));
        }
        closed_.add(e.connection);
        // Numbers with this many gaps are no plan's; the lowest are taken to be past.
        if (closed_.stretches() > most_stretches) {
            closed_.drop_first();
        }
    }

    void on(Time now, const RunEnded&) {
        if (!open_.empty()) {
            report_("connections_accounted", now,
                    fmt::format("{} connections were never closed, the first is {}", open_.size(),
                                *open_.begin()));
        }
    }

private:
    static constexpr std::size_t most_stretches = 65536;

    bool openings_told_;
    ReportViolation report_;
    std::set<std::uint64_t> open_;
    NumberSet closed_;
};

/// A counter of an event, with its name.
struct Counter {
    std::string_view name;
    std::uint64_t value;
};

class CounterChecker final : public InvariantChecker {
public:
    CounterChecker(const RunStarted& run, ReportViolation report)
        : run_(run), report_(std::move(report)) {}

    void take(const Event& event) override { dispatch(*this, event); }

    /// What a machine that crashed counted is gone; of one that stopped its application, that of
    /// the application.
    void on(Time, const NodeChanged& e) {
        if (e.state == NodeState::crashed || e.state == NodeState::service_stopped) {
            last_.erase("application of " + e.node);
        }
        if (e.state == NodeState::crashed) {
            last_.erase("node " + e.node);
            last_.erase("director of " + e.node);
        }
    }

    void on(Time now, const ServerLoad& e) {
        const auto who = "application of " + name_in(run_.servers, e.server);
        not_negative(now, who, "work_done", e.work_done.count());
        fits(now, who, {{"busy", widened(e.busy)}, {"queued", widened(e.queued)}});
        grow(now, who, {{"work_done", as_number(e.work_done)}, {"refused", e.refused}});
    }
    void on(Time now, const DestinationLoad& e) {
        if (e.active < 0 || e.inactive < 0) {
            const auto who =
                fmt::format("{} in {} of {}", name_in(run_.servers, e.server),
                            name_in(run_.services, e.service), name_in(run_.routers, e.router));
            not_negative(now, who, "active", e.active);
            not_negative(now, who, "inactive", e.inactive);
        }
    }
    void on(Time now, const NodeTraffic& e) {
        grow(now, "node " + e.node,
             {{"received_packets", e.received_packets},
              {"received_bytes", e.received_bytes},
              {"sent_packets", e.sent_packets},
              {"sent_bytes", e.sent_bytes}});
    }
    void on(Time now, const DirectorTraffic& e) {
        const auto who = "director of " + name_in(run_.routers, e.router);
        grow(now, who,
             {{"seen", e.seen},
              {"passed", e.passed},
              {"forwarded", e.forwarded},
              {"replies", e.replies},
              {"dropped", e.dropped},
              {"rejected", e.rejected},
              {"reset", e.reset}});
        conserve(now, who, {"seen", e.seen},
                 {{"passed", e.passed},
                  {"forwarded", e.forwarded},
                  {"replies", e.replies},
                  {"dropped", e.dropped},
                  {"rejected", e.rejected},
                  {"reset", e.reset}});
    }
    void on(Time now, const LinkTraffic& e) {
        const auto who = "link " + e.link;
        grow(
            now, who,
            {{"offered", e.offered}, {"delivered", e.delivered}, {"lost", e.lost}, {"cut", e.cut}});
        fits(now, who, {{"waiting", e.waiting}});
        conserve(
            now, who, {"offered", e.offered},
            {{"delivered", e.delivered}, {"lost", e.lost}, {"cut", e.cut}, {"waiting", e.waiting}});
    }

    void on(Time now, const ResponseReceived& e) {
        if (e.response_time < Duration::zero()) {
            not_negative(now, fmt::format("connection {}", e.connection), "response_time",
                         e.response_time.count());
        }
    }
    void on(Time now, const ConnectionClosed& e) {
        if (e.duration < Duration::zero()) {
            not_negative(now, fmt::format("connection {}", e.connection), "duration",
                         e.duration.count());
        }
    }

private:
    using Counters = std::initializer_list<Counter>;
    static constexpr std::size_t most_counters = 7;

    static std::uint64_t as_number(Duration d) {
        return d > Duration::zero() ? static_cast<std::uint64_t>(d.count()) : 0;
    }
    /// An unsigned 32-bit number that went below 0 is above half its range.
    static std::uint64_t widened(std::uint32_t value) { return std::uint64_t{value} << 32U; }

    void not_negative(Time now, const std::string& who, std::string_view name, std::int64_t value) {
        if (value < 0) {
            report_("counters_grow", now, fmt::format("{}: {} is {}", who, name, value));
        }
    }

    /// An unsigned number that went below 0 is above half its range.
    void fits(Time now, const std::string& who, Counters counters) {
        for (const auto& counter : counters) {
            if (counter.value >> 63U != 0) {
                report_("counters_grow", now, fmt::format("{}: {} ran below 0", who, counter.name));
            }
        }
    }

    void grow(Time now, const std::string& who, Counters counters) {
        fits(now, who, counters);
        auto [known, is_new] = last_.try_emplace(who);
        std::size_t i = 0;
        for (const auto& counter : counters) {
            auto& last = known->second.at(i++);
            if (!is_new && counter.value < last) {
                report_("counters_grow", now,
                        fmt::format("{}: {} ran back from {} to {}", who, counter.name, last,
                                    counter.value));
            }
            last = counter.value;
        }
    }

    void conserve(Time now, const std::string& who, const Counter& whole, Counters parts) {
        std::uint64_t sum = 0;
        std::string terms;
        for (const auto& part : parts) {
            sum += part.value;
        }
        if (sum == whole.value) {
            return;
        }
        for (const auto& part : parts) {
            terms += fmt::format("{}{} {}", terms.empty() ? "" : " + ", part.name, part.value);
        }
        report_("packets_conserved", now,
                fmt::format("{}: {} {} packets, but {} = {}", who, whole.name, whole.value, terms,
                            sum));
    }

    const RunStarted& run_;
    ReportViolation report_;
    std::map<std::string, std::array<std::uint64_t, most_counters>> last_;
};

}  // namespace

std::unique_ptr<InvariantChecker> watch_connections(bool openings_told, ReportViolation report) {
    return std::make_unique<ConnectionChecker>(openings_told, std::move(report));
}

std::unique_ptr<InvariantChecker> watch_counters(const RunStarted& run, ReportViolation report) {
    return std::make_unique<CounterChecker>(run, std::move(report));
}

}  // namespace lvslab::journal

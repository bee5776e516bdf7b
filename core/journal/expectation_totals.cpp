// SPDX-License-Identifier: GPL-2.0-only
// Quantities that are one number for a window: counts, shares, rates, the longest outage.
#include <algorithm>
#include <array>
#include <map>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "core/journal/expectation_measure.hpp"
#include "core/journal/outage.hpp"

namespace lvslab::journal {
namespace {

using Id = QuantityId;

/// What one event adds: to the quantity, and to the whole that it is a part of.
struct Counted {
    std::uint64_t part = 0, whole = 0;
};

/// The subject as events name it.
struct Wanted {
    unsigned kind = Subjects::none;
    std::uint32_t index = no_index;

    /// Whether what is of this workload, server, router or data server is meant; a kind of subject
    /// that the expectation does not name leaves all in.
    bool matches(unsigned subject_kind, std::uint32_t i) const {
        return kind != subject_kind || index == i;
    }
};

bool is_target(const Decision& d, const Wanted& wanted, const RunView& view) {
    switch (wanted.kind) {
        case Subjects::dead:
            return view.dead(d.server);
        case Subjects::removed:
            return view.removed(d.router, d.service, d.server);
        default:
            return wanted.matches(Subjects::server, d.server);
    }
}

class Counter {
public:
    Counter(Id id, Wanted wanted, const RunView& view) : id_(id), wanted_(wanted), view_(view) {}

    Counted operator()(const ConnectionClosed& e) const {
        const bool mine = wanted_.matches(Subjects::workload, e.workload);
        const auto o = e.outcome;
        switch (id_) {
            case Id::ended:
                return part_of(mine, true);
            case Id::served:
                return part_of(mine, o == Outcome::served);
            case Id::refused:
                return part_of(mine, o == Outcome::refused);
            case Id::reset:
                return part_of(mine, o == Outcome::reset);
            case Id::timed_out:
                return part_of(mine, o == Outcome::timed_out);
            case Id::unfinished:
                return part_of(mine, o == Outcome::unfinished);
            case Id::failed:
                return part_of(
                    mine, o == Outcome::refused || o == Outcome::reset || o == Outcome::timed_out);
            default:
                return {};
        }
    }

    Counted operator()(const Decision& e) const {
        if (id_ == Id::unplaced) {
            return part_of(true, e.server == no_index);
        }
        const bool sent = e.server != no_index;
        const bool mine = sent && is_target(e, wanted_, view_);
        switch (id_) {
            case Id::connections:
            case Id::share:
                return part_of(sent, mine);
            case Id::scheduled:
                return part_of(sent, mine && e.origin == 2);
            case Id::persistent:
                return part_of(sent, mine && e.origin == 3);
            default:
                return {};
        }
    }

    Counted operator()(const ResponseReceived& e) const {
        const bool mine = wanted_.matches(Subjects::workload, e.workload) &&
                          wanted_.matches(Subjects::server, e.server);
        switch (id_) {
            case Id::responses:
            case Id::response_rate:
                return part_of(mine, true);
            case Id::throughput:
                return {mine ? e.bytes : 0, mine ? e.bytes : 0};
            case Id::stale_responses:
                return part_of(mine, false);
            default:
                return {};
        }
    }

    Counted operator()(const StaleResponse& e) const {
        const bool mine = id_ == Id::stale_responses &&
                          wanted_.matches(Subjects::workload, e.workload) &&
                          wanted_.matches(Subjects::server, e.server);
        return {mine ? 1U : 0U, 0};
    }

    Counted operator()(const SessionEnded& e) const {
        const bool mine = wanted_.matches(Subjects::workload, e.workload);
        return id_ == Id::sessions          ? part_of(mine, true)
               : id_ == Id::broken_sessions ? part_of(mine, e.broken)
                                            : Counted{};
    }

    Counted operator()(const DataRequestEnded& e) const {
        const bool mine = wanted_.matches(Subjects::server, e.server) &&
                          wanted_.matches(Subjects::data_server, e.data);
        return id_ == Id::data_requests          ? part_of(mine, true)
               : id_ == Id::failed_data_requests ? part_of(mine, !e.ok)
                                                 : Counted{};
    }

    Counted operator()(const CheckEnded& e) const {
        const bool mine = wanted_.matches(Subjects::server, e.server) &&
                          wanted_.matches(Subjects::router, e.router);
        return id_ == Id::checks          ? part_of(mine, true)
               : id_ == Id::failed_checks ? part_of(mine, !e.up)
                                          : Counted{};
    }

    Counted operator()(const SyncReceived& e) const {
        if (!wanted_.matches(Subjects::router, e.router)) {
            return {};
        }
        return id_ == Id::synced         ? Counted{e.connections, e.connections}
               : id_ == Id::sync_refused ? Counted{e.refused, e.connections}
                                         : Counted{};
    }
    Counted operator()(const SyncSent& e) const { return of_router(Id::sync_messages, e.router); }
    Counted operator()(const HeartbeatSent& e) const {
        return of_router(Id::heartbeats_sent, e.router);
    }
    Counted operator()(const HeartbeatHeard& e) const {
        return of_router(Id::heartbeats_heard, e.router);
    }
    Counted operator()(const AddressAnnounced& e) const {
        return of_router(Id::announcements, e.router);
    }

    Counted operator()(const RoleChanged& e) const {
        if (id_ == Id::takeovers) {
            return {view_.takeover() ? 1U : 0U, 0};
        }
        return view_.role_changed() ? of_router(Id::role_changes, e.router) : Counted{};
    }

    Counted operator()(const DestinationEdited&) const { return removal(); }
    Counted operator()(const DestinationRemoved&) const { return removal(); }

    template <class Other>
    Counted operator()(const Other&) const {
        return {};
    }

private:
    static Counted part_of(bool whole, bool part) {
        return {whole && part ? 1U : 0U, whole ? 1U : 0U};
    }
    Counted of_router(Id id, std::uint32_t router) const {
        return {id_ == id && wanted_.matches(Subjects::router, router) ? 1U : 0U, 0};
    }
    Counted removal() const {
        const auto& move = view_.pool_move();
        const bool mine = id_ == Id::removals && move && !move->in &&
                          wanted_.matches(Subjects::server, move->server);
        return {mine ? 1U : 0U, 0};
    }

    Id id_;
    Wanted wanted_;
    const RunView& view_;
};

/// What a share is of, and what must not be nought for a count of 0 to mean something.
std::string_view whole_of(Id id) {
    switch (id) {
        case Id::served:
        case Id::refused:
        case Id::reset:
        case Id::timed_out:
        case Id::unfinished:
        case Id::failed:
            return "connection ended";
        case Id::connections:
        case Id::scheduled:
        case Id::persistent:
        case Id::share:
            return "connection was sent to a server";
        case Id::unplaced:
            return "connection came";
        case Id::stale_responses:
            return "response arrived";
        case Id::broken_sessions:
            return "session ended";
        case Id::failed_checks:
            return "check ended";
        case Id::failed_data_requests:
            return "data request ended";
        case Id::sync_refused:
            return "connection was synced";
        default:
            return "";
    }
}

Measured one_value(double value, Time at) {
    Measured m;
    m.low = m.high = Reading{value, at, ""};
    return m;
}

Measured no_value(std::string why) {
    Measured m;
    m.missing = std::move(why);
    return m;
}

class Count final : public Measure {
public:
    Count(const Expectation& e, const RunStarted& run)
        : e_(e), wanted_{e.subject.kind, subject_index(e.subject, run)} {}

    void take(const Look& look) override {
        if (!look.window.open()) {
            return;
        }
        const auto counted =
            std::visit(Counter(e_.quantity, wanted_, look.view), look.event.payload);
        whole_ += counted.whole;
        if (counted.part == 0) {
            return;
        }
        part_ += counted.part;
        last_ = look.event.time;
        const bool over = !e_.as_share && !bounds_from_below(e_.comparison) &&
                          static_cast<double>(part_) > e_.high;
        if (offences_.size() < most_offences && (over || (e_.as_share && e_.high < 0.5))) {
            offences_.push_back({static_cast<double>(part_), look.event.time,
                                 event_text(look.event, look.view.run())});
        }
    }

    Measured measured(const RunView&, const ExpectationWindow& window) const override {
        const auto whole_name = whole_of(e_.quantity);
        if (!whole_name.empty() && whole_ == 0 && part_ == 0) {
            return no_value(fmt::format("no {} in its window", whole_name));
        }
        auto result = value(window);
        result.offences = offences_;
        return result;
    }

private:
    static constexpr std::size_t most_offences = 3;

    Measured value(const ExpectationWindow& window) const {
        const auto part = static_cast<double>(part_);
        switch (e_.unit()) {
            case Unit::share:
                return whole_ == 0
                           ? no_value(fmt::format("no {} in its window", whole_of(e_.quantity)))
                           : one_value(part / static_cast<double>(whole_), last_);
            case Unit::rate:
            case Unit::bit_rate: {
                const auto length = to_seconds(window.length());
                const double bits = e_.unit() == Unit::bit_rate ? 8 : 1;
                return length > 0 ? one_value(bits * part / length, last_)
                                  : no_value("its window has no length");
            }
            default:
                return one_value(part, last_);
        }
    }

    const Expectation& e_;
    Wanted wanted_;
    std::uint64_t part_ = 0, whole_ = 0;
    Time last_{};
    std::vector<Reading> offences_;
};

/// The longest time in which clients of a workload waited and none of them got an answer.
class LongestOutage final : public Measure {
public:
    LongestOutage(const Expectation& e, const RunStarted& run)
        : wanted_{e.subject.kind, subject_index(e.subject, run)}, workloads_(run.workloads) {}

    void take(const Look& look) override {
        if (!look.window.open()) {
            return;
        }
        if (const auto* response = std::get_if<ResponseReceived>(&look.event.payload)) {
            if (auto* meter = meter_of(response->workload, look.window)) {
                meter->answered(look.event.time, response->response_time);
            }
        } else if (const auto* end = std::get_if<ConnectionClosed>(&look.event.payload)) {
            any_ = true;
            auto* meter =
                end->outcome == Outcome::served ? nullptr : meter_of(end->workload, look.window);
            if (meter != nullptr) {
                meter->failed(look.event.time, end->duration);
            }
        }
    }

    Measured measured(const RunView&, const ExpectationWindow&) const override {
        if (!any_) {
            return no_value("no connection ended in its window");
        }
        std::optional<Reading> longest = Reading{0, {}, ""};
        for (const auto& [workload, meter] : meters_) {
            const auto& outage = meter.longest();
            if (outage && to_seconds(outage->length()) > longest->value) {
                longest = Reading{to_seconds(outage->length()), outage->to,
                                  fmt::format("clients of {} waited from {} until {} and none got "
                                              "an answer",
                                              workloads_[workload], time_text(outage->from),
                                              time_text(outage->to))};
            }
        }
        Measured m;
        m.low = m.high = longest;
        return m;
    }

private:
    OutageMeter* meter_of(std::uint32_t workload, const ExpectationWindow& window) {
        if (!wanted_.matches(Subjects::workload, workload) || workload >= workloads_.size()) {
            return nullptr;
        }
        return &meters_.try_emplace(workload, window.opened_at()).first->second;
    }

    Wanted wanted_;
    std::vector<std::string> workloads_;
    std::map<std::uint32_t, OutageMeter> meters_;
    bool any_ = false;
};

/// Connections that a takeover met, and those of them that outlived it.
class Survivors final : public Measure {
public:
    Survivors(const Expectation& e, const RunStarted& run)
        : e_(e), wanted_{e.subject.kind, subject_index(e.subject, run)} {}

    void take(const Look& look) override {
        const auto& takeover = look.view.takeover();
        if (look.window.open() && takeover && takeover->lost) {
            ++count_;
            takeovers_[count_ % takeovers_.size()] = {*takeover->lost, look.event.time};
        }
        const auto* end = std::get_if<ConnectionClosed>(&look.event.payload);
        if (end == nullptr || end->outcome == Outcome::unfinished ||
            !wanted_.matches(Subjects::workload, end->workload) ||
            !met(look.event.time - end->duration, look.event.time)) {
            return;
        }
        ++whole_;
        if (end->outcome == Outcome::served) {
            ++part_;
        } else if (lost_.size() < 3) {
            lost_.push_back({0, look.event.time, event_text(look.event, look.view.run())});
        }
    }

    Measured measured(const RunView&, const ExpectationWindow&) const override {
        if (count_ == 0) {
            return no_value("no takeover in its window that a failure explains");
        }
        if (whole_ == 0) {
            return no_value("no connection was open at a takeover");
        }
        auto m = one_value(e_.as_share ? static_cast<double>(part_) / static_cast<double>(whole_)
                                       : static_cast<double>(part_),
                           takeovers_[count_ % takeovers_.size()].at);
        m.offences = lost_;
        return m;
    }

private:
    struct Seen {
        Time lost = never, at = never;
    };

    bool met(Time opened, Time ended) const {
        return std::ranges::any_of(takeovers_, [&](const Seen& takeover) {
            return opened < takeover.lost && takeover.at < ended && takeover.at != never;
        });
    }

    const Expectation& e_;
    Wanted wanted_;
    std::array<Seen, 64> takeovers_{};  ///< the last ones
    std::uint64_t count_ = 0, part_ = 0, whole_ = 0;
    std::vector<Reading> lost_;
};

/// Worker time used between the first and the last sample in the window.
class Utilisation final : public Measure {
public:
    Utilisation(const Expectation& e, const RunStarted& run)
        : server_(subject_index(e.subject, run)) {
        workers_ = server_ < run.workers.size() ? run.workers[server_] : 0;
    }

    void take(const Look& look) override {
        const auto* load = std::get_if<ServerLoad>(&look.event.payload);
        if (load == nullptr || load->server != server_ || !look.window.open()) {
            return;
        }
        first_ = first_.value_or(Sample{look.event.time, load->work_done});
        last_ = Sample{look.event.time, load->work_done};
    }

    Measured measured(const RunView&, const ExpectationWindow&) const override {
        if (!first_ || last_->time == first_->time || workers_ == 0) {
            return no_value("fewer than two load samples in its window");
        }
        const auto work = to_seconds(last_->work - first_->work);
        return one_value(work / (to_seconds(last_->time - first_->time) * workers_), last_->time);
    }

private:
    struct Sample {
        Time time;
        Duration work;
    };
    std::uint32_t server_;
    double workers_ = 0;
    std::optional<Sample> first_, last_;
};

/// What the routers had to carry for a byte that clients got.
class BytesPerByte final : public Measure {
public:
    explicit BytesPerByte(const Expectation& e) : router_(e.subject.name) {}

    void take(const Look& look) override {
        if (const auto* traffic = std::get_if<NodeTraffic>(&look.event.payload)) {
            const auto& routers = look.view.run().routers;
            const bool is_router = router_.empty()
                                       ? std::ranges::find(routers, traffic->node) != routers.end()
                                       : traffic->node == router_;
            if (is_router) {
                received_[traffic->node] = traffic->received_bytes;
                at_ = look.event.time;
            }
        } else if (const auto* response = std::get_if<ResponseReceived>(&look.event.payload)) {
            bytes_ += response->bytes;
        }
    }

    Measured measured(const RunView&, const ExpectationWindow&) const override {
        if (bytes_ == 0) {
            return no_value("no response had a byte");
        }
        double received = 0;
        for (const auto& [node, count] : received_) {
            received += static_cast<double>(count);
        }
        return one_value(received / static_cast<double>(bytes_), at_);
    }

private:
    std::string router_;
    std::map<std::string, std::uint64_t> received_;
    std::uint64_t bytes_ = 0;
    Time at_{};
};

}  // namespace

std::unique_ptr<Measure> make_total(const Expectation& e, const RunStarted& run) {
    switch (e.quantity) {
        case Id::outage:
            return std::make_unique<LongestOutage>(e, run);
        case Id::survived:
            return std::make_unique<Survivors>(e, run);
        case Id::utilisation:
            return std::make_unique<Utilisation>(e, run);
        case Id::bytes_per_byte:
            return std::make_unique<BytesPerByte>(e);
        default:
            return std::make_unique<Count>(e, run);
    }
}

}  // namespace lvslab::journal

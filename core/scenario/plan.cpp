// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/plan.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <queue>
#include <tuple>
#include <utility>

#include "core/base/random.hpp"
#include "core/scenario/arrivals.hpp"
#include "core/trace/trace.hpp"

namespace lvslab::scenario {
namespace {

// Linux's default net.ipv4.ip_local_port_range.
constexpr unsigned first_source_port = 32768;
constexpr unsigned source_ports = 60999 - first_source_port + 1;

// 2^53: the largest count of bytes that a double holds exactly.
constexpr double most_bytes = 9007199254740992.0;

std::uint64_t bytes_of(double drawn) {
    return static_cast<std::uint64_t>(std::llround(std::clamp(drawn, 1.0, most_bytes)));
}

// P(rank <= k) for k from 0, ranks weighted by 1 / (k + 1)^zipf.
std::vector<double> cumulative_popularity(const DestinationRange& range) {
    std::vector<double> shares(host_count(range.network));
    double sum = 0;
    for (std::size_t k = 0; k < shares.size(); ++k) {
        sum += std::pow(static_cast<double>(k + 1), -range.zipf);
        shares[k] = sum;
    }
    for (auto& share : shares) {
        share /= sum;
    }
    return shares;
}

// One workload's connections. Each purpose has its stream, so that two scenarios that differ in one
// of them alone meet the same draws in all others.
class Source {
public:
    Source(const Scenario& scenario, std::uint32_t index, std::uint64_t seed)
        : workload_(scenario.workloads[index]),
          group_(scenario.clients[workload_.from]),
          clock_(workload_.arrivals, seed, workload_.name),
          endpoints_(endpoints_of(workload_)),
          clients_(seed, "clients/" + workload_.name),
          proxies_(seed, "proxies/" + workload_.name),
          destinations_(seed, "destinations/" + workload_.name),
          request_sizes_(seed, "requests/" + workload_.name),
          response_sizes_(seed, "responses/" + workload_.name),
          service_(seed, "service/" + workload_.name),
          think_(seed, "think/" + workload_.name),
          // A session that has begun goes on behind the last arrival, but not into the time that
          // the last requests need for themselves.
          last_request_(Time{workload_.start + workload_.length + scenario.drain / 2}) {
        if (const auto* traced = std::get_if<TracedArrivals>(&workload_.arrivals)) {
            trace_ = traced->trace.get();
        }
        if (workload_.destinations) {
            popularity_ = cumulative_popularity(*workload_.destinations);
        }
    }

    const Workload& workload() const { return workload_; }

    // When the next connection comes; nothing after the last.
    std::optional<Time> next_time() {
        const auto after = clock_.next();
        // Exact times may have one at the very end.
        const bool listed =
            trace_ != nullptr || std::holds_alternative<ListedArrivals>(workload_.arrivals);
        if (!after || (listed ? *after > workload_.length : *after >= workload_.length)) {
            return std::nullopt;
        }
        return Time{workload_.start + *after};
    }

    std::uint32_t draw_client() {
        return trace_ != nullptr ? traced_client(trace_->client(drawn_))
                                 : static_cast<std::uint32_t>(clients_.below(group_.count));
    }

    bool has_sessions() const { return workload_.kind == Workload::Kind::sessions; }

    // The arrivals of a session's requests; the first is the session's own.
    std::vector<Time> draw_session(Time begin) {
        std::vector<Time> arrivals{begin};
        for (unsigned i = 1; i < workload_.sessions.requests; ++i) {
            const auto next =
                arrivals.back() + think_time(workload_.sessions.think, think_.uniform());
            if (next > last_request_) {
                break;
            }
            arrivals.push_back(next);
        }
        return arrivals;
    }

    // Behind a proxy farm every connection leaves by another address.
    std::uint32_t client_of(std::uint32_t sessions_client) {
        return group_.proxies ? static_cast<std::uint32_t>(proxies_.below(group_.count))
                              : sessions_client;
    }

    // The ports of a session are taken in turn.
    Endpoint destination_of(std::uint32_t request) const {
        return endpoints_[request % endpoints_.size()];
    }

    Endpoint draw_destination() {
        if (!workload_.destinations) {
            return workload_.to;
        }
        const auto found =
            std::upper_bound(popularity_.begin(), popularity_.end() - 1, destinations_.uniform());
        const auto rank = static_cast<unsigned>(found - popularity_.begin());
        return {destination_address(*workload_.destinations, rank), workload_.destinations->port};
    }

    std::vector<PlannedRequest> draw_requests() {
        if (trace_ != nullptr) {
            return traced_requests(drawn_++);
        }
        std::vector<PlannedRequest> requests(workload_.requests);
        for (std::size_t i = 0; i < requests.size(); ++i) {
            auto& r = requests[i];
            r.request_bytes = bytes_of(quantile(workload_.request, request_sizes_.uniform()));
            r.response_bytes = bytes_of(quantile(workload_.response, response_sizes_.uniform()));
            r.service_quantile = service_.uniform();
            if (i > 0) {
                r.think = think_time(workload_.think, think_.uniform());
            }
        }
        return requests;
    }

private:
    // One client each while the group has enough; else neighbours share one.
    std::uint32_t traced_client(std::uint64_t number) const {
        const std::uint64_t clients = trace_->clients();
        return static_cast<std::uint32_t>(
            clients <= group_.count ? number : number * group_.count / clients);
    }

    std::vector<PlannedRequest> traced_requests(std::size_t connection) {
        std::vector<PlannedRequest> requests;
        for (const auto& turn : trace_->turns(connection)) {
            const double drawn = service_.uniform();
            requests.push_back({std::max<std::uint64_t>(turn.request_bytes, 1),
                                std::max<std::uint64_t>(turn.response_bytes, 1),
                                turn.service ? fixed_service(*turn.service) : drawn,
                                requests.empty() ? Duration{} : turn.think});
        }
        return requests;
    }

    // A heavy tail may draw more than any client waits; its timeout ends it anyway.
    static Duration think_time(const Distribution& think, double u) {
        return Duration{std::llround(std::min(quantile(think, u), 1e9) * 1e9)};
    }

    const Workload& workload_;
    const ClientGroup& group_;
    ArrivalClock clock_;
    std::vector<Endpoint> endpoints_;
    RandomStream clients_, proxies_, destinations_, request_sizes_, response_sizes_, service_,
        think_;
    const trace::Trace* trace_ = nullptr;
    std::size_t drawn_ = 0;  // of the trace
    std::vector<double> popularity_;
    Time last_request_;
};

}  // namespace

class Plan::Streams {
public:
    Streams(const Scenario& scenario, std::uint64_t seed) : scenario_(scenario) {
        sources_.reserve(scenario.workloads.size());
        sessions_.resize(scenario.workloads.size());
        for (std::uint32_t i = 0; i < scenario.workloads.size(); ++i) {
            sources_.emplace_back(scenario, i, seed);
            queue(i);
        }
        for (const auto& group : scenario.clients) {
            RandomStream first(seed, "ports/" + group.name);
            auto& offsets = next_port_.emplace_back(group.count);
            for (auto& offset : offsets) {
                offset = static_cast<std::uint16_t>(first.below(source_ports));
            }
        }
    }

    std::optional<PlannedConnection> next() {
        if (due_.empty()) {
            return std::nullopt;
        }
        const auto due = due_.top();
        due_.pop();
        auto& source = sources_[due.workload];
        PlannedConnection c;
        c.id = made_++;
        c.at = due.at;
        c.workload = due.workload;
        if (due.session) {
            continue_session(due, source, c);
        } else {
            c.client = source.draw_client();
            if (source.has_sessions()) {
                begin_session(due, source, c);
            } else {
                c.to = source.draw_destination();
            }
            queue(due.workload);
        }
        c.source = source_endpoint(source.workload().from, c.client);
        c.requests = source.draw_requests();
        return c;
    }

private:
    struct Session {
        std::uint64_t id;
        std::uint32_t client;
        std::vector<Time> arrivals;
    };

    // An arrival of a workload, or the next request of a session.
    struct Due {
        Time at;
        std::uint32_t workload;
        std::uint64_t order;  ///< of what was queued for one time, first come first
        std::shared_ptr<const Session> session{};
        std::uint32_t number = 0;

        bool operator>(const Due& other) const {
            return std::tie(at, workload, order) > std::tie(other.at, other.workload, other.order);
        }
    };

    void queue(std::uint32_t index) {
        if (const auto at = sources_[index].next_time()) {
            due_.push({*at, index, queued_++});
        }
    }

    void begin_session(const Due& due, Source& source, PlannedConnection& c) {
        auto session = std::make_shared<Session>();
        session->id = sessions_[due.workload]++;
        session->client = c.client;
        session->arrivals = source.draw_session(due.at);
        place_in_session(due.workload, std::move(session), 0, source, c);
    }

    void continue_session(const Due& due, Source& source, PlannedConnection& c) {
        c.client = source.client_of(due.session->client);
        place_in_session(due.workload, due.session, due.number, source, c);
    }

    void place_in_session(std::uint32_t workload, std::shared_ptr<const Session> session,
                          std::uint32_t number, const Source& source, PlannedConnection& c) {
        const auto count = static_cast<std::uint32_t>(session->arrivals.size());
        c.session = PlannedSession{session->id, number, count};
        c.to = source.destination_of(number);
        if (number + 1 < count) {
            const auto at = session->arrivals[number + 1];
            due_.push({at, workload, queued_++, std::move(session), number + 1});
        }
    }

    // A client takes its ports in turn, whichever workload it serves, so that one comes back as
    // late as can be.
    Endpoint source_endpoint(unsigned group, std::uint32_t client) {
        auto& offset = next_port_[group][client];
        const auto port = Port{static_cast<std::uint16_t>(first_source_port + offset)};
        offset = static_cast<std::uint16_t>((offset + 1U) % source_ports);
        return {client_address(scenario_.clients[group], client), port};
    }

    const Scenario& scenario_;
    std::vector<Source> sources_;
    std::priority_queue<Due, std::vector<Due>, std::greater<>> due_;
    std::uint64_t queued_ = 0;
    std::vector<std::uint64_t> sessions_;                // begun, by workload
    std::vector<std::vector<std::uint16_t>> next_port_;  // by group and client
    std::uint64_t made_ = 0;
};

Plan::Plan(const Scenario& scenario, std::uint64_t seed)
    : streams_(std::make_unique<Streams>(scenario, seed)) {}
Plan::~Plan() = default;
Plan::Plan(Plan&&) noexcept = default;

std::optional<PlannedConnection> Plan::next() {
    return streams_->next();
}

}  // namespace lvslab::scenario

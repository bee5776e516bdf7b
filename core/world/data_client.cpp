// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/data_client.hpp"

#include <algorithm>

namespace lvslab::world {

void DataConnection::ask(const server::DataAccess& access) {
    question_ = question_of(access, number_++);
    unsent_ = question_.bytes;
    received_ = 0;
    send();
}

void DataConnection::take(std::span<const std::uint8_t> head, std::uint64_t bytes) {
    const auto before = received_;
    if (before < header_.size()) {
        const auto wanted = std::min<std::size_t>(header_.size() - before, head.size());
        std::ranges::copy(head.first(wanted), header_.begin() + static_cast<long>(before));
    }
    received_ += bytes;
    if (before < header_.size() && received_ >= header_.size()) {
        const auto answer = decode_data_answer(header_);
        if (!answer || answer->number != question_.number) {
            fail();
            return;
        }
    }
    if (received_ == question_.answer_bytes && request_) {
        client_.answered(*request_);
    }
}

void DataConnection::fail() {
    if (std::exchange(broken_, true)) {
        return;
    }
    if (request_) {
        client_.broken(*request_);
    } else {
        client_.bury_idle(*this);
    }
}

DataClient::DataClient(std::uint32_t server, const scenario::Scenario& scenario,
                       ports::Timers& timers, journal::Sink& sink, std::uint64_t seed, Ended ended)
    : need_(*scenario.servers[server].data),
      data_(scenario.data[need_.data_server]),
      timers_(timers),
      sink_(sink),
      server_(server),
      draws_(seed, "data/" + scenario.servers[server].name),
      ended_(std::move(ended)) {}

Endpoint DataClient::data_server() const {
    return {data_.interface.address, data_port(data_.kind)};
}

void DataClient::begin(Ticket request) {
    auto& r =
        busy_.emplace(request, Request{server::DataAccesses(need_, draws_), nullptr}).first->second;
    r.connection = take_connection(request);
    access(request);
}

std::unique_ptr<DataConnection> DataClient::take_connection(Ticket request) {
    auto& r = busy_.at(request);
    r.first = !idle_.empty();
    if (idle_.empty()) {
        return connect(request);
    }
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    connection->belong_to(request);
    return connection;
}

void DataClient::access(Ticket request) {
    auto& r = busy_.at(request);
    r.asked_at = timers_.now();
    r.timeout = timers_.at(r.asked_at + need_.timeout, [this, request] { timed_out(request); });
    r.connection->ask(r.accesses.current());
}

void DataClient::answered(Ticket request) {
    auto& r = busy_.at(request);
    timers_.cancel(r.timeout);
    tell(r, true);
    r.first = false;
    r.accesses.answered();
    if (r.accesses.done()) {
        finish(request, true);
    } else {
        access(request);
    }
}

void DataClient::broken(Ticket request) {
    auto& r = busy_.at(request);
    if (std::exchange(r.first, false)) {
        // The data server gave it up while it was idle; that says nothing about the server now.
        bury(std::move(r.connection), Leave::drop);
        r.connection = connect(request);
        r.connection->ask(r.accesses.current());
        return;
    }
    timers_.cancel(r.timeout);
    tell(r, false);
    finish(request, false);
}

void DataClient::timed_out(Ticket request) {
    tell(busy_.at(request), false);
    finish(request, false);
}

void DataClient::tell(const Request& request, bool ok) {
    sink_.take({timers_.now(), journal::DataRequestEnded{server_, need_.data_server, ok,
                                                         timers_.now() - request.asked_at}});
}

void DataClient::finish(Ticket request, bool ok) {
    const auto found = busy_.find(request);
    auto connection = std::move(found->second.connection);
    busy_.erase(found);
    if (ok && data_.kind == scenario::DataServer::Kind::database) {
        connection->belong_to(std::nullopt);
        idle_.push_back(std::move(connection));
    } else {
        bury(std::move(connection), ok ? Leave::close : Leave::reset);
    }
    ended_(request, ok);
}

void DataClient::bury(std::unique_ptr<DataConnection> connection, Leave how) {
    connection->belong_to(std::nullopt);
    graves_.emplace_back(std::move(connection), how);
    if (graves_.size() == 1) {
        clear_graves_later();
    }
}

void DataClient::bury_idle(DataConnection& connection) {
    const auto found = std::ranges::find(idle_, &connection, &std::unique_ptr<DataConnection>::get);
    if (found != idle_.end()) {
        auto idle = std::move(*found);
        idle_.erase(found);
        bury(std::move(idle), Leave::drop);
    }
}

void DataClient::clear_graves() {
    for (const auto& [connection, how] : graves_) {
        connection->leave(how);
    }
    graves_.clear();
}

void DataClient::end(bool with_resets) {
    const auto how = with_resets ? Leave::reset : Leave::drop;
    for (auto& [ticket, request] : busy_) {
        timers_.cancel(request.timeout);
        request.connection->leave(how);
    }
    for (const auto& connection : idle_) {
        connection->leave(how);
    }
    busy_.clear();
    idle_.clear();
}

void DataClient::forget() {
    for (const auto& [ticket, request] : busy_) {
        timers_.cancel(request.timeout);
    }
}

}  // namespace lvslab::world

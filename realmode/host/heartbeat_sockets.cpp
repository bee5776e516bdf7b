// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/heartbeat_sockets.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <time.h>

#include <algorithm>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <deque>
#include <utility>

#include "core/config/places.hpp"
#include "realmode/host/heartbeat_numbers.hpp"
#include "realmode/host/rare_note.hpp"

namespace lvslab::realmode {
namespace {

using boost::asio::ip::udp;
using boost::system::error_code;

constexpr auto retry_gap = std::chrono::seconds(1);

udp::endpoint to_asio(const Address& a, Port port) {
    namespace ip = boost::asio::ip;
    if (a.is_v4()) {
        return {ip::address_v4(a.v4_host_order()), port.value()};
    }
    ip::address_v6::bytes_type bytes{};
    std::ranges::copy(a.bytes(), bytes.begin());
    return {ip::address_v6(bytes), port.value()};
}

Address from_asio(const boost::asio::ip::address& a) {
    if (a.is_v4()) {
        return Address::v4(a.to_v4().to_uint());
    }
    Address::Bytes bytes{};
    std::ranges::copy(a.to_v6().to_bytes(), bytes.begin());
    return Address::v6(bytes);
}

HeartbeatNumber wall_clock() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return static_cast<HeartbeatNumber>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

/// This node's half of one path, and the partner's.
struct PathEnds {
    pulse::Path path = pulse::Path::public_net;
    Address own, partner;
    Port port;
    friend bool operator==(const PathEnds&, const PathEnds&) = default;
};

/// Who has `primary` is the primary (pulse.c, amMaster).
std::vector<PathEnds> paths_of(const config::LvsConfig& config, const ports::LinkState& links) {
    const bool primary = links.is_local(config.primary);
    const auto path = [&](pulse::Path which, const Address& of_primary, const Address& of_backup) {
        return PathEnds{which, primary ? of_primary : of_backup, primary ? of_backup : of_primary,
                        config.heartbeat_port};
    };
    std::vector out{path(pulse::Path::public_net, config.primary, config.backup)};
    if (config.primary_private != config.primary) {
        out.push_back(
            path(pulse::Path::private_net, config.primary_private, config.backup_private));
    }
    std::erase_if(out, [](const PathEnds& p) { return p.own.is_unspecified(); });
    return out;
}

}  // namespace

class HeartbeatSockets::Sockets : public std::enable_shared_from_this<Sockets> {
public:
    Sockets(EventLoop& loop, const ports::LinkState& links,
            std::optional<HeartbeatAuthentication> authentication, Heard heard, Note note)
        : loop_(loop),
          links_(links),
          heard_(std::move(heard)),
          note_(std::move(note)),
          retry_(loop) {
        if (authentication) {
            key_ = std::move(authentication->key);
            numbers_.emplace(authentication->numbers_file, wall_clock, note_);
        }
    }

    /// What stands in the way of binding, each with the severity that it has at the start.
    Diagnostics configure(const config::LvsConfig& config);
    void retry();
    void close();
    void send(pulse::Path path, const pulse::WireWord& word);
    void read();
    Dropped dropped() const { return {strangers_.total(), forged_.total(), replayed_.total()}; }
    void note(std::string text) { note_(std::move(text)); }

private:
    struct End {
        PathEnds ends;
        udp::socket socket;
        error_code failure{};  ///< why it is not bound
    };

    struct Waiting {
        timespec came{};  ///< by the kernel's clock of the day
        udp::endpoint from;
        std::vector<std::uint8_t> datagram;
    };
    using Queue = std::deque<Waiting>;

    error_code bind(End& end);
    void wait(const std::shared_ptr<End>& end);
    Queue queue_of(End& end);
    void take(const End& end, const udp::endpoint& from, std::span<const std::uint8_t> datagram);
    void take_sealed(const PathEnds& way, std::span<const std::uint8_t> datagram);
    void rarely(RareNote& what, const std::string& text);
    void try_again_later();
    Diagnostic complaint(const End& end) const;

    EventLoop& loop_;
    const ports::LinkState& links_;
    std::optional<HeartbeatKey> key_;
    std::optional<HeartbeatNumbers> numbers_;
    Heard heard_;
    Note note_;
    config::LvsConfig config_;
    std::vector<std::shared_ptr<End>> ends_;
    boost::asio::steady_timer retry_;
    bool retrying_ = false;
    bool closed_ = false;
    std::array<std::uint8_t, 65536> buffer_{};  ///< no datagram is longer
    RareNote strangers_, forged_, replayed_, unsent_, unread_;
};

Diagnostics HeartbeatSockets::Sockets::configure(const config::LvsConfig& config) {
    config_ = config;
    const auto before = std::exchange(ends_, {});
    Diagnostics out;
    for (const auto& ends : paths_of(config_, links_)) {
        const auto bound = std::ranges::find_if(before, [&](const auto& e) {
            return !e->failure && e->ends.own == ends.own && e->ends.port == ends.port;
        });
        if (bound != before.end()) {
            (*bound)->ends = ends;
            ends_.push_back(*bound);
            continue;
        }
        auto end = ends_.emplace_back(std::make_shared<End>(End{ends, udp::socket(loop_)}));
        end->failure = bind(*end);
        if (end->failure) {
            out.add(complaint(*end));
        } else {
            wait(end);
        }
    }
    try_again_later();
    return out;
}

/// An address that is there by now may have changed which of the pair this node is.
void HeartbeatSockets::Sockets::retry() {
    const auto before = ends_;
    const auto complained = [&](const Diagnostic& finding) {
        return std::ranges::any_of(
            before, [&](const auto& end) { return end->failure && complaint(*end) == finding; });
    };
    const auto found = configure(config::LvsConfig{config_});
    for (const auto& finding : found.items()) {
        if (!complained(finding)) {
            note_(finding.message);
        }
    }
    for (const auto& end : ends_) {
        if (!end->failure && std::ranges::find(before, end) == before.end()) {
            note_(fmt::format("heartbeats on the {} path: bound to {}", to_string(end->ends.path),
                              Endpoint{end->ends.own, end->ends.port}.to_string()));
        }
    }
}

error_code HeartbeatSockets::Sockets::bind(End& end) {
    const auto own = to_asio(end.ends.own, end.ends.port);
    error_code failed;
    end.socket.open(own.protocol(), failed);
    if (!failed) {
        end.socket.non_blocking(true, failed);
    }
    if (failed) {
        return failed;
    }
    // Before bulk traffic in this host's own queues. What a network makes of it is its own.
    const int control = 6;  // TC_PRIO_INTERACTIVE, which needs no capability
    const int on = 1;
    ::setsockopt(end.socket.native_handle(), SOL_SOCKET, SO_PRIORITY, &control, sizeof control);
    ::setsockopt(end.socket.native_handle(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    end.socket.bind(own, failed);
    if (failed) {
        error_code ignored;
        end.socket.close(ignored);
    }
    return failed;
}

Diagnostic HeartbeatSockets::Sockets::complaint(const End& end) const {
    const auto where = Endpoint{end.ends.own, end.ends.port}.to_string();
    const auto path = to_string(end.ends.path);
    Diagnostic out{Severity::error, config::place_of(config_, "heartbeat_port"), {}};
    if (end.failure == boost::asio::error::address_in_use) {
        out.message = fmt::format("heartbeats on the {} path: {}/udp is in use by another program",
                                  path, where);
    } else if (end.failure.value() == EADDRNOTAVAIL) {
        out.severity = Severity::warning;
        out.message = fmt::format(
            "heartbeats on the {} path: no interface has the address {}; tried again each second",
            path, end.ends.own.to_string());
    } else {
        out.message = fmt::format("heartbeats on the {} path: {}/udp cannot be bound: {}", path,
                                  where, end.failure.message());
    }
    return out;
}

void HeartbeatSockets::Sockets::try_again_later() {
    if (retrying_ ||
        std::ranges::none_of(ends_, [](const auto& end) { return bool(end->failure); })) {
        return;
    }
    retrying_ = true;
    retry_.expires_after(retry_gap);
    retry_.async_wait([self = shared_from_this()](error_code failed) {
        self->retrying_ = false;
        if (!failed && !self->closed_) {
            self->retry();
        }
    });
}

void HeartbeatSockets::Sockets::close() {
    closed_ = true;
    ends_.clear();
    retry_.cancel();
}

void HeartbeatSockets::Sockets::send(pulse::Path path, const pulse::WireWord& word) {
    for (const auto& end : ends_) {
        const auto& [of, own, partner, port] = end->ends;
        if (of != path || end->failure || partner.is_unspecified()) {
            continue;
        }
        error_code failed;
        if (key_) {
            const auto sealed = seal(*key_, {own, partner}, word, numbers_->next());
            end->socket.send_to(boost::asio::buffer(sealed), to_asio(partner, port), 0, failed);
        } else {
            end->socket.send_to(boost::asio::buffer(word), to_asio(partner, port), 0, failed);
        }
        if (failed) {
            rarely(unsent_, fmt::format("heartbeat to {} cannot be sent: {}", partner.to_string(),
                                        failed.message()));
        }
    }
}

/// An end that was given up may have one call left, and is not there for it.
void HeartbeatSockets::Sockets::wait(const std::shared_ptr<End>& end) {
    end->socket.async_wait(udp::socket::wait_read, [self = shared_from_this(),
                                                    weak = std::weak_ptr(end)](error_code failed) {
        const auto there = weak.lock();
        if (failed || !there || self->closed_) {
            return;
        }
        self->read();
        if (!self->closed_) {
            self->wait(there);
        }
    });
}

/// In the order in which they came, whichever path they took: a node that was held up would else
/// judge one path's last word, then the other's oldest.
void HeartbeatSockets::Sockets::read() {
    std::vector<std::pair<std::shared_ptr<End>, Queue>> queues;
    for (const auto& end : ends_) {
        if (!end->failure) {
            queues.emplace_back(end, queue_of(*end));
        }
    }
    while (!closed_) {
        std::erase_if(queues, [](const auto& queue) { return queue.second.empty(); });
        // A socket's own order stays, whatever the clock of the day did.
        const auto first = std::ranges::min_element(queues, {}, [](const auto& queue) {
            const auto& came = queue.second.front().came;
            return std::pair(came.tv_sec, came.tv_nsec);
        });
        if (first == queues.end()) {
            return;
        }
        const auto next = std::move(first->second.front());
        first->second.pop_front();
        take(*first->first, next.from, next.datagram);
    }
}

/// What a socket reports besides datagrams (an ICMP error, say) ends nothing.
auto HeartbeatSockets::Sockets::queue_of(End& end) -> Queue {
    Queue waiting;
    for (int i = 0; i < most_at_a_time; ++i) {
        Waiting one;
        iovec part{buffer_.data(), buffer_.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> control{};
        msghdr message{};
        message.msg_name = one.from.data();
        message.msg_namelen = static_cast<socklen_t>(one.from.capacity());
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const auto length = ::recvmsg(end.socket.native_handle(), &message, 0);
        if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            break;
        }
        if (length < 0) {
            rarely(unread_,
                   "heartbeats: " + error_code(errno, boost::system::system_category()).message());
            continue;
        }
        one.from.resize(message.msg_namelen);
        if (const auto* stamp = CMSG_FIRSTHDR(&message);
            stamp != nullptr && stamp->cmsg_type == SO_TIMESTAMPNS) {
            std::memcpy(&one.came, CMSG_DATA(stamp), sizeof one.came);
        }
        one.datagram.assign(buffer_.begin(), buffer_.begin() + length);
        waiting.push_back(std::move(one));
    }
    return waiting;
}

/// A word counts for the path whose partner it came from, whichever socket took it (pulse.c, run).
void HeartbeatSockets::Sockets::take(const End& end, const udp::endpoint& from,
                                     std::span<const std::uint8_t> datagram) {
    const auto sender = from_asio(from.address());
    const auto path = std::ranges::find_if(ends_, [&](const auto& e) {
        return e->ends.partner == sender && e->ends.port.value() == from.port();
    });
    if (path == ends_.end()) {
        rarely(strangers_,
               fmt::format("datagram from {} on the heartbeat port: not the partner's address and "
                           "port; dropped",
                           Endpoint{sender, Port{from.port()}}.to_string()));
    } else if (key_) {
        take_sealed({(*path)->ends.path, end.ends.own, sender, {}}, datagram);
    } else {
        heard_((*path)->ends.path, datagram);
    }
}

void HeartbeatSockets::Sockets::take_sealed(const PathEnds& way,
                                            std::span<const std::uint8_t> datagram) {
    const auto opened = open_sealed(*key_, {way.partner, way.own}, datagram);
    const auto sender = way.partner.to_string();
    if (!opened) {
        const bool bare = datagram.size() != SealedHeartbeat{}.size();
        rarely(forged_, bare ? fmt::format("heartbeat from {} of {} bytes; one with a key has {}; "
                                           "dropped",
                                           sender, datagram.size(), SealedHeartbeat{}.size())
                             : fmt::format("heartbeat from {} was not made with this router's key; "
                                           "dropped",
                                           sender));
    } else if (!numbers_->accept(way.partner, opened->number)) {
        rarely(
            replayed_,
            fmt::format("heartbeat from {} has number {}, and {} was heard before: played back, "
                        "or the partner lost its numbers and its clock is behind (then remove "
                        "{} here and start again); dropped",
                        sender, opened->number, numbers_->highest(way.partner), numbers_->file()));
    } else {
        heard_(way.path, opened->word);
    }
}

void HeartbeatSockets::Sockets::rarely(RareNote& what, const std::string& text) {
    if (const auto times = what.happened(RareNote::Clock::now())) {
        note_(*times == 1 ? text : fmt::format("{} ({} since the last such line)", text, *times));
    }
}

Checked<std::unique_ptr<HeartbeatSockets>> HeartbeatSockets::open(
    EventLoop& loop, const config::LvsConfig& config, const ports::LinkState& links,
    std::optional<HeartbeatAuthentication> authentication, Heard heard, Note note) {
    auto sockets = std::make_shared<Sockets>(loop, links, std::move(authentication),
                                             std::move(heard), std::move(note));
    Checked<std::unique_ptr<HeartbeatSockets>> out;
    out.diagnostics = sockets->configure(config);
    if (out.diagnostics.has_errors()) {
        sockets->close();
    } else {
        out.value = std::unique_ptr<HeartbeatSockets>(new HeartbeatSockets(std::move(sockets)));
    }
    return out;
}

HeartbeatSockets::HeartbeatSockets(std::shared_ptr<Sockets> sockets)
    : sockets_(std::move(sockets)) {}

HeartbeatSockets::~HeartbeatSockets() {
    sockets_->close();
}

void HeartbeatSockets::send(pulse::Path path, const pulse::WireWord& payload) {
    sockets_->send(path, payload);
}

void HeartbeatSockets::reconfigure(const config::LvsConfig& config) {
    const auto found = sockets_->configure(config);
    for (const auto& finding : found.items()) {
        sockets_->note(finding.message);
    }
}

void HeartbeatSockets::read() {
    sockets_->read();
}

HeartbeatSockets::Dropped HeartbeatSockets::dropped() const {
    return sockets_->dropped();
}

}  // namespace lvslab::realmode

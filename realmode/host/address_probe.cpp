// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/address_probe.hpp"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "realmode/host/neighbour_advertisement.hpp"
#include "realmode/host/route_socket.hpp"

namespace lvslab::realmode {
namespace {

using SteadyClock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// PROBE_NUM of RFC 5227; a quarter of PROBE_MIN between them, and after the last.
constexpr int rounds = 3;
constexpr milliseconds gap{250};
constexpr milliseconds last_wait{500};

/// A packet socket on one interface, for frames of one protocol.
class Ear {
public:
    Ear(const Interface& interface, std::uint16_t protocol)
        : interface_(interface),
          protocol_(protocol),
          socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        const auto to = place();
        if (socket_ < 0 ||
            ::bind(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
            error_ = {errno, std::generic_category()};
        }
    }
    Ear(const Ear&) = delete;
    Ear& operator=(const Ear&) = delete;
    ~Ear() {
        if (socket_ >= 0) {
            ::close(socket_);
        }
    }

    const Interface& interface() const { return interface_; }
    std::uint16_t protocol() const { return protocol_; }
    int descriptor() const { return socket_; }
    const std::error_code& error() const { return error_; }

    void ask(const Address& address) {
        if (error_) {
            return;
        }
        const auto& own = *interface_.hardware_address;
        if (address.is_v4()) {
            send(arp_probe(address, own));
        } else {
            send(duplicate_address_solicitation(address, own));
        }
    }

    /// Hands in each frame of others that has come.
    template <class Each>
    void read(const Each& each) {
        std::array<std::uint8_t, 2048> frame{};
        sockaddr_ll from{};
        socklen_t length = sizeof from;
        ssize_t n = 0;
        while ((n = ::recvfrom(socket_, frame.data(), frame.size(), 0,
                               reinterpret_cast<sockaddr*>(&from), &length)) >= 0) {
            if (from.sll_pkttype != PACKET_OUTGOING) {
                each(std::span<const std::uint8_t>(frame).first(static_cast<std::size_t>(n)));
            }
            length = sizeof from;
        }
    }

private:
    sockaddr_ll place() const {
        sockaddr_ll at{};
        at.sll_family = AF_PACKET;
        at.sll_protocol = htons(protocol_);
        at.sll_ifindex = interface_.index;
        return at;
    }

    void send(std::span<const std::uint8_t> frame) {
        const auto to = place();
        if (::sendto(socket_, frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to),
                     sizeof to) < 0) {
            error_ = {errno, std::generic_category()};
        }
    }

    Interface interface_;
    std::uint16_t protocol_;
    int socket_;
    std::error_code error_;
};

/// packet(7): a packet socket is for who has the capability.
std::string reason_of(const std::error_code& error) {
    return error == std::errc::operation_not_permitted ? "CAP_NET_RAW is missing" : error.message();
}

class Probing {
public:
    explicit Probing(const std::vector<AddressQuestion>& questions) {
        RouteSocket route;
        for (const auto& question : questions) {
            const auto interface = route.interface(question.device);
            if (interface && interface->up && interface->hardware_address) {
                asks_.emplace_back(question, &ear_for(*interface, question.address));
            }
        }
    }

    AddressProbe run() {
        for (int round = 0; round < rounds && !asks_.empty(); ++round) {
            for (const auto& [question, ear] : asks_) {
                ear->ask(question.address);
            }
            listen(round + 1 < rounds ? gap : last_wait);
        }
        AddressProbe probe;
        for (const auto& [question, ear] : asks_) {
            if (!ear->error()) {
                probe.asked.push_back(question);
            }
            for (const auto& holder : holders_) {
                if (holder.address == question.address && holder.device == question.device) {
                    probe.holders.push_back(holder);
                }
            }
        }
        for (const auto& ear : ears_) {
            if (ear->error()) {
                probe.failures.push_back(fmt::format("{} was not asked: {}", ear->interface().name,
                                                     reason_of(ear->error())));
            }
        }
        return probe;
    }

private:
    Ear& ear_for(const Interface& interface, const Address& address) {
        const std::uint16_t protocol = address.is_v4() ? ETHERTYPE_ARP : ETHERTYPE_IPV6;
        for (const auto& ear : ears_) {
            if (ear->interface().index == interface.index && ear->protocol() == protocol) {
                return *ear;
            }
        }
        return *ears_.emplace_back(std::make_unique<Ear>(interface, protocol));
    }

    void listen(milliseconds patience) {
        const auto end = SteadyClock::now() + patience;
        std::vector<pollfd> descriptors;
        for (const auto& ear : ears_) {
            descriptors.push_back({ear->descriptor(), POLLIN, 0});
        }
        while (true) {
            const auto left = std::chrono::ceil<milliseconds>(end - SteadyClock::now()).count();
            if (left <= 0 ||
                ::poll(descriptors.data(), descriptors.size(), static_cast<int>(left)) < 0) {
                return;
            }
            for (const auto& ear : ears_) {
                ear->read([&](std::span<const std::uint8_t> frame) { hear(*ear, frame); });
            }
        }
    }

    void hear(const Ear& ear, std::span<const std::uint8_t> frame) {
        for (const auto& [question, asker] : asks_) {
            if (asker != &ear) {
                continue;
            }
            const auto owner = question.address.is_v4() ? arp_owner(frame, question.address)
                                                        : advertised_owner(frame, question.address);
            if (!owner || owner == ear.interface().hardware_address) {
                continue;
            }
            const AddressHolder holder{question.address, question.device, *owner};
            if (std::ranges::find(holders_, holder) == holders_.end()) {
                holders_.push_back(holder);
            }
        }
    }

    std::vector<std::unique_ptr<Ear>> ears_;
    std::vector<std::pair<AddressQuestion, Ear*>> asks_;
    std::vector<AddressHolder> holders_;
};

}  // namespace

AddressProbe probe_addresses(const std::vector<AddressQuestion>& questions) {
    return Probing(questions).run();
}

}  // namespace lvslab::realmode

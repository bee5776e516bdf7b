// SPDX-License-Identifier: GPL-2.0-only
/// Two hosts of network namespaces, with a public and a private network between them.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/config/lvs_config.hpp"
#include "core/pulse/actions.hpp"
#include "realmode/host/event_loop.hpp"

namespace lvslab::realmode::testing {

/// A network namespace that lives as long as the object.
class NetworkNamespace {
public:
    NetworkNamespace();
    ~NetworkNamespace();
    NetworkNamespace(const NetworkNamespace&) = delete;
    NetworkNamespace& operator=(const NetworkNamespace&) = delete;
    int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

/// What is opened in its scope is in the namespace for good.
class Inside {
public:
    explicit Inside(const NetworkNamespace& there);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

private:
    int before_;
};

Address address(std::string_view text);

/// The public network is eth0 (10.0.0.9, 2001:db8::9 and 10.0.0.10, 2001:db8::10), the private one
/// eth1 (192.168.10.9 and 192.168.10.10).
class TwoHosts : public ::testing::Test {
protected:
    TwoHosts();

    /// A batch of iproute2's `ip` on a host, and what it prints.
    static std::string ip(const NetworkNamespace& host, const std::string& commands);
    /// Lets the loop run until it is so; false if it does not come true.
    bool until(const std::function<bool()>& it_is_so);
    /// Lets the loop do all that can be done now.
    void settle();

    std::function<void(std::string)> note() {
        return [this](std::string text) { notes.push_back(std::move(text)); };
    }
    /// Of both hosts: the first is the primary.
    static config::LvsConfig pair();

    NetworkNamespace first, second;
    EventLoop loop;
    std::vector<std::string> notes;
};

/// Until there is something to read, or for 20 s.
void wait_for_input(int descriptor);

/// A plain UDP socket of a host, for what a test sends or hears itself.
class PlainSocket {
public:
    PlainSocket(const NetworkNamespace& host, std::string_view own, std::uint16_t port);
    ~PlainSocket();
    PlainSocket(const PlainSocket&) = delete;
    PlainSocket& operator=(const PlainSocket&) = delete;

    void send(std::string_view to, std::uint16_t port, const std::vector<std::uint8_t>& bytes);
    struct Datagram {
        std::vector<std::uint8_t> bytes;
        std::string from;  ///< "10.0.0.9:539"
    };
    /// Waits for a datagram; it and what else has arrived, in order.
    std::vector<Datagram> received();

private:
    int socket_;
};

}  // namespace lvslab::realmode::testing

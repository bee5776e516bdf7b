// SPDX-License-Identifier: GPL-2.0-only
/// Network namespaces that last as long as this process holds them.
#pragma once

#include <string>

namespace lvslab::lab {

/// One network namespace (namespaces(7)), held by a file descriptor alone: it has no name, and it
/// goes with the last process, socket and descriptor in it, however this process ends.
class NetworkNamespace {
public:
    /// A new, empty one: IPv6 off, so that no unasked packet of it disturbs a run, and the loopback
    /// up. Throws std::system_error (EPERM: needs root).
    NetworkNamespace();
    ~NetworkNamespace();
    NetworkNamespace(NetworkNamespace&& other) noexcept;
    NetworkNamespace& operator=(NetworkNamespace&& other) noexcept;

    int descriptor() const { return descriptor_; }
    /// A path by which other programs find it while this process lives.
    std::string path() const;

private:
    int descriptor_ = -1;
};

/// While it lives, sockets are opened in the namespace and /proc/sys/net is that of the namespace.
/// A socket stays where it was opened.
class Inside {
public:
    explicit Inside(const NetworkNamespace& where);
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
};

/// Whether the kernel has this one, net.ipv4.ip_forward say, in the namespace.
bool has_sysctl(const NetworkNamespace& where, const std::string& name);
/// Writes a file of /proc/sys in the namespace; throws std::system_error naming it.
void set_sysctl(const NetworkNamespace& where, const std::string& name, const std::string& value);

}  // namespace lvslab::lab

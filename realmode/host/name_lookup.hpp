// SPDX-License-Identifier: GPL-2.0-only
/// Addresses of host names, asked of this machine's resolver.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/address.hpp"
#include "core/base/time.hpp"

namespace lvslab::realmode {

/// By name; one that nobody knows is not there.
using NamedAddresses = std::map<std::string, Address, std::less<>>;

/// The resolver's answer to one name (getaddrinfo); waits for it, for many seconds if the name
/// server is silent.
std::optional<Address> resolve(std::string_view name);

/// Asks for all names at once, in threads of its own: a name server that is silent holds neither
/// the caller nor the other names up. The object may go before the answers are there.
class NameLookup {
public:
    using Resolver = std::function<std::optional<Address>(std::string_view name)>;

    /// Throws std::system_error if there is no descriptor or no thread to be had.
    explicit NameLookup(const std::set<std::string>& names, Resolver resolver = resolve);
    ~NameLookup();
    NameLookup(const NameLookup&) = delete;
    NameLookup& operator=(const NameLookup&) = delete;

    /// Can be read as soon as each name is answered. Stays this object's.
    int descriptor() const;
    /// Waits for that, for `limit` at most. True: each name is answered.
    bool wait_for(Duration limit) const;
    /// What is answered by now.
    NamedAddresses found() const;

private:
    struct Shared;
    static void answer(const std::shared_ptr<Shared>& shared);
    std::shared_ptr<Shared> shared_;
};

}  // namespace lvslab::realmode

// SPDX-License-Identifier: GPL-2.0-only
/// What a proxy cache remembers.
#pragma once

#include <cstddef>

#include <boost/multi_index/hashed_index.hpp>
#include <boost/multi_index/identity.hpp>
#include <boost/multi_index/sequenced_index.hpp>
#include <boost/multi_index_container.hpp>

#include "core/base/address.hpp"

namespace lvslab::server {

/// The last `capacity` different destinations that were asked for, the least recently used one
/// thrown out first (LRU).
class ObjectCache {
public:
    /// `capacity` is at least 1.
    explicit ObjectCache(std::size_t capacity);

    /// Asks for a destination: true if it was there. Either way it is the most recent one now.
    bool ask(const Address& destination);
    std::size_t size() const { return objects_.size(); }

private:
    struct ByUse {};
    struct ByAddress {};
    using Objects = boost::multi_index_container<
        Address, boost::multi_index::indexed_by<
                     boost::multi_index::sequenced<boost::multi_index::tag<ByUse>>,
                     boost::multi_index::hashed_unique<boost::multi_index::tag<ByAddress>,
                                                       boost::multi_index::identity<Address>,
                                                       std::hash<Address>>>>;

    std::size_t capacity_;
    Objects objects_;  ///< most recent first
};

}  // namespace lvslab::server

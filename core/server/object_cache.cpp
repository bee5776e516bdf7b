// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/object_cache.hpp"

#include <algorithm>

namespace lvslab::server {

ObjectCache::ObjectCache(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {}

bool ObjectCache::ask(const Address& destination) {
    auto& by_use = objects_.get<ByUse>();
    const auto [place, is_new] = by_use.push_front(destination);
    if (!is_new) {
        by_use.relocate(by_use.begin(), place);
        return true;
    }
    if (by_use.size() > capacity_) {
        by_use.pop_back();
    }
    return false;
}

}  // namespace lvslab::server

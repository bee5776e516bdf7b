// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/destination.hpp"

#include <algorithm>

namespace lvslab::ipvs {

bool DestinationList::push_front(Destination& d) {
    // Empty slots cost the indexes room; half empty is the time to close ranks.
    const bool renumber = slots_.size() >= 16 && slots_.size() >= 2 * (size_ + 1);
    if (renumber) {
        std::erase(slots_, nullptr);
        for (std::size_t i = 0; i < slots_.size(); ++i) {
            slots_[i]->slot = static_cast<std::uint32_t>(i);
        }
    }
    d.slot = static_cast<std::uint32_t>(slots_.size());
    slots_.push_back(&d);
    ++size_;
    return renumber;
}

void DestinationList::erase(Destination& d) {
    slots_[d.slot] = nullptr;
    --size_;
}

std::uint32_t DestinationList::before(std::uint32_t slot) const {
    for (std::size_t i = std::size_t{slot} + 1; i < slots_.size(); ++i) {
        if (slots_[i] != nullptr) {
            return static_cast<std::uint32_t>(i);
        }
    }
    return head;
}

}  // namespace lvslab::ipvs

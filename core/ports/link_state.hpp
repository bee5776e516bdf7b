// SPDX-License-Identifier: GPL-2.0-only
/// What a node knows of its own interfaces.
#pragma once

#include "core/base/address.hpp"

namespace lvslab::ports {

class LinkState {
public:
    virtual ~LinkState() = default;

    /// Every interface that heartbeats leave by has carrier (pulse.c, check_links). A change is an
    /// event that the world hands in.
    virtual bool links_up() const = 0;
    /// An interface carries this address: who has lvs.cf's `primary` is the primary (pulse.c,
    /// amMaster).
    virtual bool is_local(const Address& address) const = 0;
};

}  // namespace lvslab::ports

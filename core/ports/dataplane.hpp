// SPDX-License-Identifier: GPL-2.0-only
/// The IPVS of one router, as an administrator changes it.
#pragma once

#include "core/base/quantities.hpp"
#include "core/ipvs/service.hpp"

namespace lvslab::ports {

/// What ipvsadm can tell a kernel. A change that is refused changes nothing.
class Dataplane {
public:
    virtual ~Dataplane() = default;

    virtual ipvs::ControlResult add_service(const ipvs::ServiceKey& key,
                                            const ipvs::ServiceSettings& settings) = 0;
    virtual ipvs::ControlResult edit_service(const ipvs::ServiceKey& key,
                                             const ipvs::ServiceSettings& settings) = 0;
    /// Takes its real servers with it.
    virtual ipvs::ControlResult remove_service(const ipvs::ServiceKey& key) = 0;

    virtual ipvs::ControlResult add_destination(const ipvs::ServiceKey& service,
                                                const Endpoint& server,
                                                const ipvs::DestinationSettings& settings) = 0;
    virtual ipvs::ControlResult edit_destination(const ipvs::ServiceKey& service,
                                                 const Endpoint& server,
                                                 const ipvs::DestinationSettings& settings) = 0;
    virtual ipvs::ControlResult remove_destination(const ipvs::ServiceKey& service,
                                                   const Endpoint& server) = 0;

    /// `ipvsadm --set`: zero keeps what is there.
    virtual void set_timeouts(const ipvs::Timeouts& timeouts) = 0;
    /// `ipvsadm -C`: no services any more. Entries of connections stay until they expire.
    virtual void clear() = 0;
};

}  // namespace lvslab::ports

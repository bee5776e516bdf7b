// SPDX-License-Identifier: GPL-2.0-only
/// One LVS router's kernel in the flow world: core::Ipvs behind its marks, told like ipvsadm.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/ipvs/ipvs.hpp"
#include "core/journal/event.hpp"
#include "core/ports/dataplane.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/flow/server_index.hpp"
#include "sim/flow/simulation.hpp"

namespace lvslab::flow_world {

struct DirectorOptions {
    ipvs::Options ipvs;
    std::optional<std::string> scheduler{};  ///< of every service, instead of the lvs.cf's
    bool segments = false;                   ///< tells each packet that IPVS meets
    bool connections = true;                 ///< tells decisions
};

/// Its services and real servers are whatever it is told through the Dataplane; it tells the sink
/// each change that IPVS has taken, each decision, and if asked each segment.
class Director final : public ports::Dataplane {
public:
    /// Has no services yet, and the router's running host files. All must outlive it.
    Director(Simulation& simulation, unsigned router, const scenario::Scenario& scenario,
             const DirectorOptions& options, journal::Sink& sink);

    ipvs::ControlResult add_service(const ipvs::ServiceKey& key,
                                    const ipvs::ServiceSettings& settings) override;
    ipvs::ControlResult edit_service(const ipvs::ServiceKey& key,
                                     const ipvs::ServiceSettings& settings) override;
    ipvs::ControlResult remove_service(const ipvs::ServiceKey& key) override;
    ipvs::ControlResult add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                        const ipvs::DestinationSettings& settings) override;
    ipvs::ControlResult edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                         const ipvs::DestinationSettings& settings) override;
    ipvs::ControlResult remove_destination(const ipvs::ServiceKey& service,
                                           const Endpoint& server) override;
    void set_timeouts(const ipvs::Timeouts& timeouts) override;
    void clear() override;

    /// Puts in all of a configuration. Throws std::runtime_error if IPVS refuses any.
    void load(const config::LvsConfig& config);
    void change_membership(const scenario::MembershipChange& change,
                           const config::LvsConfig& config);

    /// A segment of a client. Marks it, steps, counts and tells.
    ipvs::Verdict take_request(ipvs::Segment segment);
    /// A segment of a real server. `pass`: no entry knows it.
    ipvs::Verdict take_reply(const ipvs::Segment& segment);
    /// What a connection's client segments would be marked with.
    Fwmark mark_of(Protocol protocol, const Endpoint& client, const Endpoint& to) const;

    using SendSync = std::function<void(const ipvs::SyncMessage& message)>;
    void set_sync_master(const std::optional<ipvs::SyncMaster>& daemon, SendSync send);
    void set_sync_backup(const std::optional<ipvs::SyncBackup>& daemon);
    ipvs::SyncReceipt apply_sync(std::span<const std::uint8_t> datagram);

    /// The machine has died: services and entries are gone. Counters stay.
    void lose_everything();
    void boot(const scenario::HostFiles& files);
    void sample();

    bool forwarding() const { return forwarding_; }
    const std::vector<router::DesiredService>& services() const { return services_; }
    std::uint32_t service_index(const ipvs::ServiceKey& key) const;
    std::uint32_t server_index(const Address& address) const { return servers_.of(address); }
    void dropped(std::uint32_t count) { counters_.dropped += count; }

private:
    template <class Payload>
    void tell(Payload payload);
    void tell_decision(const ipvs::Segment& segment, const ipvs::Verdict& verdict);
    void tell_segment(const ipvs::Segment& segment, const ipvs::Verdict& verdict);
    std::uint32_t service_of(const ipvs::Segment& segment) const;
    void count(const ipvs::Segment& segment, const ipvs::Verdict& verdict);
    void arm_sync();

    Simulation& simulation_;
    std::uint32_t router_;
    DirectorOptions options_;
    journal::Sink& sink_;
    std::vector<scenario::MarkRule> marks_;
    bool forwarding_ = true;  ///< net.ipv4.ip_forward
    std::vector<router::DesiredService> services_;
    ServerIndex servers_;
    ipvs::Ipvs ipvs_;
    journal::DirectorTraffic counters_{};
    SendSync send_sync_;
    ports::TimerId sync_event_{};
    Time sync_at_ = never;
};

}  // namespace lvslab::flow_world

// SPDX-License-Identifier: GPL-2.0-only
/// The IPVS of the running kernel, in the network namespace of the thread that opened it.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/ports/sync_channel.hpp"
#include "realmode/ipvs/ipvs_messages.hpp"
#include "realmode/ipvs/ipvs_table.hpp"
#include "realmode/ipvs/netlink_socket.hpp"

namespace lvslab::realmode {

/// All of it, whoever added it: clear() is `ipvsadm -C`. OwnedIpvs keeps to a router's own.
class KernelIpvs final : public ReadableDataplane, public ports::SyncChannel {
public:
    /// For a log: why the kernel refused what has no result of its own.
    using Note = std::function<void(std::string)>;

    /// Without a value where the kernel has no IPVS (it is asked to load its module first) or this
    /// process may not change it (CAP_NET_ADMIN).
    static Checked<std::unique_ptr<KernelIpvs>> open(Note note = {},
                                                     const NetlinkSocket::Options& options = {});

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
    /// One message for each change, some hundred in one system call.
    std::vector<ipvs::ControlResult> change(
        std::span<const ports::DataplaneChange> changes) override;
    void set_timeouts(const ipvs::Timeouts& timeouts) override;
    void clear() override;

    /// Each service and its real servers are listed at one moment, all of them are not: the kernel
    /// lists the services first and then, one by one, their real servers. A service that goes in
    /// between is left out.
    using ReadableDataplane::dump;
    Checked<IpvsTable> dump(Depth depth) override;
    Checked<IpvsInfo> info();
    Checked<ipvs::Timeouts> timeouts();
    Checked<std::vector<SyncDaemon>> sync_daemons();

    /// What the kernel refuses (no such interface) is a note.
    void start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) override;
    void stop() override;

    const NetlinkSocket& socket() const { return socket_; }

private:
    using Changes = std::span<const ports::DataplaneChange>;

    KernelIpvs(NetlinkSocket socket, IpvsFamily family, Note note)
        : socket_(std::move(socket)), family_(family), note_(std::move(note)) {}

    ipvs::ControlResult change_one(const ports::DataplaneChange& change);
    void change_run(Changes run, std::span<ipvs::ControlResult> results);
    void send_all(Changes changes, const std::vector<std::size_t>& chosen,
                  std::span<ipvs::ControlResult> results);
    NetlinkAnswer ask_again(const ports::DataplaneChange& change);
    bool stands(const ports::DataplaneChange& change);
    ipvs::ControlResult result_of(const ports::DataplaneChange& change,
                                  const NetlinkAnswer& answer);
    bool list_destinations(ListedService& service, Diagnostics& found);
    void ask(const NetlinkMessage& request, const std::string& what);
    void note(std::string text) const;

    NetlinkSocket socket_;
    IpvsFamily family_;
    Note note_;
};

}  // namespace lvslab::realmode

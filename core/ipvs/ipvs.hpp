// SPDX-License-Identifier: GPL-2.0-only
/// The model of kernel IPVS: the only place where a connection's real server is chosen.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/ipvs/ftp_dialogue.hpp"
#include "core/ipvs/segment.hpp"
#include "core/ipvs/service.hpp"
#include "core/ipvs/sync.hpp"

namespace lvslab::ipvs {

/// Which kernels' load formula and threshold rules hold (facts: ip_vs_dest_conn_overhead).
enum class Profile : std::uint8_t { recent, classic };

/// How connection timers fire.
enum class Expiry : std::uint8_t {
    exact,  ///< at their time
    wheel,  ///< late, as on the kernel's timer wheel (250 Hz), with a phase
    /// As late as the wheel may be, by its phase or whatever that is. Until then a due timer waits
    /// to be told: due_timers() lists it and fire() fires it. For replaying what a real kernel did.
    told,
};

struct Options {
    Profile profile = Profile::recent;
    Expiry expiry = Expiry::exact;
    /// The wheel's offset against run time (Wheel::phase). Expiry::wheel takes none as 0; to
    /// Expiry::told a known one leaves few timers in doubt.
    std::optional<Duration> wheel_phase{};
    std::uint64_t seed = 1;                  ///< of the random schedulers (twos)
    bool expire_nodest_conn = false;         ///< net.ipv4.vs.expire_nodest_conn
    bool expire_quiescent_template = false;  ///< net.ipv4.vs.expire_quiescent_template
    unsigned conn_reuse_mode = 1;            ///< net.ipv4.vs.conn_reuse_mode
    bool sloppy_tcp = false;                 ///< net.ipv4.vs.sloppy_tcp
    bool secure_tcp = false;                 ///< net.ipv4.vs.secure_tcp != 0 and under attack
    Duration lblc_expiration = std::chrono::hours(24);   ///< net.ipv4.vs.lblc_expiration
    Duration lblcr_expiration = std::chrono::hours(24);  ///< net.ipv4.vs.lblcr_expiration
    bool ftp_helper = false;                             ///< the module ip_vs_ftp is loaded
    SyncPolicy sync{};                                   ///< net.ipv4.vs.sync_*
};

/// With Expiry::told: something that is due and may have happened or not.
struct DueTimer {
    std::uint32_t handle;  ///< to be handed to Ipvs::fire
    Time due;              ///< when it was due
    ServiceKey service;    ///< whose counters change
    Endpoint server;       ///< and its real server's
    bool server_listed;    ///< false: the server was removed
    Endpoint forwards_to;  ///< where the entry sends packets
    bool is_template;
    bool active;  ///< the entry counts as active
    /// Not an entry, but the dropping of all entries of removed servers (expire_nodest_conn).
    bool is_drop_of_removed;
    std::uint32_t held;  ///< the handle of the template that this connection holds, or none's
    /// Of due_entry(): the segment does not use the entry even if it is there, be it that a SYN
    /// starts anew (conn_reuse_mode) or that the server was removed (expire_nodest_conn).
    bool passed_over = false;
};

/// The earliest and the latest time that something may happen.
struct ExpirySpan {
    Time earliest;
    Time latest;
};

/// One entry of the connection table, for listing.
struct ConnectionStatus {
    Protocol protocol;
    Endpoint client;  ///< port 0 in persistence templates
    Endpoint virtual_endpoint;
    Endpoint server;
    std::string_view state;  ///< the kernel's name: "ESTABLISHED", "UDP", "NONE", ...
    Time expires;
    bool is_template;
    std::uint32_t handle;  ///< as in DueTimer
    bool server_listed;    ///< false: the server was removed
    /// With Expiry::told, of a template whose timer may have fired: what it may be set to.
    std::span<const ExpirySpan> possible_expiries;
    bool by_sync;  ///< made by what another director told (origin SYNC in ip_vs_conn_sync)
};

/// Kernel IPVS without the kernel: virtual services, schedulers, the connection table and its
/// timers. Not thread safe. Time never runs backwards: every call's `now` is at least the last
/// one's, and timers due at or before `now` fire first.
class Ipvs {
public:
    explicit Ipvs(Options options = {});
    ~Ipvs();
    Ipvs(Ipvs&&) noexcept;
    Ipvs& operator=(Ipvs&&) noexcept;

    ControlResult add_service(const ServiceKey& key, const ServiceSettings& settings, Time now);
    ControlResult edit_service(const ServiceKey& key, const ServiceSettings& settings, Time now);
    ControlResult remove_service(const ServiceKey& key, Time now);
    ControlResult add_destination(const ServiceKey& service, const Endpoint& server,
                                  const DestinationSettings& settings, Time now);
    ControlResult edit_destination(const ServiceKey& service, const Endpoint& server,
                                   const DestinationSettings& settings, Time now);
    ControlResult remove_destination(const ServiceKey& service, const Endpoint& server, Time now);
    void set_timeouts(const Timeouts& timeouts);
    /// Sets what net.ipv4.vs.* sets. Profile, expiry, wheel phase and seed stay as they were made.
    void set_options(const Options& options);
    const Options& options() const;

    /// What happens to this segment: looks up or makes its entry, runs the state machine, counts.
    Verdict step(const Segment& segment, Time now);
    /// A client's TCP SYN and, if that is forwarded other than by NAT, the client's ACK in the same
    /// moment as `acks` counted segments: what a step() of each does, in one go. Without NAT the
    /// director sees nothing between the two. The answer is the SYN's.
    Verdict step_opening(const Segment& syn, std::uint32_t acks, Time now);
    /// step() for whoever has no use for the answer.
    void pass(const Segment& segment, Time now);

    /// A segment with this Segment::entry comes soon: a hint to the processor, which changes
    /// nothing but the time that step() waits for memory.
    void prefetch(std::uint32_t entry) const;
    /// The same a little later, when the entry is there: asks for what it refers to.
    void prefetch_server_of(std::uint32_t entry) const;
    /// A new connection of this client comes soon.
    void prefetch_place_for(Protocol protocol, const Endpoint& client) const;

    /// What the FTP helper makes of the payload of a packet that step() has just forwarded with
    /// Verdict::ftp_control: entries for the data connections told of there, and perhaps a text to
    /// be replaced. Sequence numbers are the caller's (packet::TcpRewriter).
    std::optional<FtpEdit> ftp_payload(const Segment& segment,
                                       std::span<const std::uint8_t> payload, Time now);

    /// Fires every timer due at or before `now`.
    void advance(Time now);
    /// When advance() should be called next, or `never`: no connection timer fires before. It may
    /// be early (a refreshed entry keeps its older alarm), never late.
    Time next_expiry() const;

    /// With Expiry::told: what is due at `now` but has not fired, in the order of `due`.
    std::vector<DueTimer> due_timers(Time now) const;
    /// Fires one of due_timers(now).
    void fire(std::uint32_t handle, Time now);
    /// The one of due_timers(now) that is the segment's entry, or the template that a new entry
    /// would follow, if it is one.
    std::optional<DueTimer> due_entry(const Segment& segment, Time now) const;
    /// One of due_timers(now) is known not to have ended its entry yet.
    void seen_alive(std::uint32_t handle, Time now);
    /// A removed server that would come back with its counters, if it is added again.
    std::optional<DestinationStatus> removed_destination(const ServiceKey& service,
                                                         const Endpoint& server) const;
    /// The next choice of a random scheduler (SchedulerEntry::random) is this server, if the
    /// service has it: for replaying what another source of randomness chose.
    void script_choice(const Endpoint& server);

    /// Starts or ends the daemon that tells other directors of connections: while it runs, step()
    /// queues what the kernel would send. Ending it loses what is not sent yet.
    void set_sync_master(const std::optional<SyncMaster>& daemon, Time now);
    /// Starts or ends the daemon that takes what others tell. Without it apply_sync() takes
    /// nothing.
    void set_sync_backup(const std::optional<SyncBackup>& daemon);
    /// The datagrams that leave at `now`, in order.
    std::vector<SyncMessage> take_sync_messages(Time now);
    /// When take_sync_messages() should be called next, or `never`. It may be early, never late;
    /// each step() and advance() may bring it nearer.
    Time next_sync_message() const;
    /// A datagram of another director has come: makes entries or updates them.
    SyncReceipt apply_sync(std::span<const std::uint8_t> datagram, Time now);

    /// The real servers of a service in the kernel's list order (newest first); empty if there is
    /// no such service.
    std::vector<DestinationStatus> destinations(const ServiceKey& service) const;
    /// Visits every live entry, in an order that is the same in every run.
    void for_each_connection(const std::function<void(const ConnectionStatus&)>& visit) const;
    /// Live entries, templates included.
    std::size_t connection_count() const;
    /// Bytes that the connection table and its timers hold.
    std::size_t connection_table_bytes() const;

private:
    class Model;
    std::unique_ptr<Model> model_;
};

}  // namespace lvslab::ipvs

// SPDX-License-Identifier: GPL-2.0-only
/// The inside of Ipvs: services, servers, entries and their timers.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/ipvs/connection.hpp"
#include "core/ipvs/destination.hpp"
#include "core/ipvs/ipvs.hpp"
#include "core/ipvs/schedulers.hpp"
#include "core/ipvs/sync_master.hpp"
#include "core/ipvs/tcp_states.hpp"
#include "core/ipvs/template_doubt.hpp"
#include "core/ipvs/timer_wheel.hpp"

namespace lvslab::ipvs {

inline constexpr std::uint16_t ftp_port = 21;

/// One virtual service (struct ip_vs_service).
struct Service {
    ServiceKey key;
    ServiceSettings settings;
    DestinationList servers;
    const SchedulerEntry* entry = nullptr;
    std::unique_ptr<Scheduler> scheduler;

    bool is_persistent() const { return settings.persistent > Duration::zero(); }
    std::uint16_t port() const { return key.endpoint.port.value(); }
};

/// step(), its two short forms and fire_due() are compiled as one function each with what they
/// call. What few packets need is kept out of them by noinline.
class Ipvs::Model {
public:
    explicit Model(const Options& options);

    // control.cpp
    ControlResult add_service(ServiceKey key, const ServiceSettings& settings, Time now);
    ControlResult edit_service(ServiceKey key, const ServiceSettings& settings, Time now);
    ControlResult remove_service(ServiceKey key, Time now);
    ControlResult add_destination(const ServiceKey& key, const Endpoint& server,
                                  const DestinationSettings& settings, Time now);
    ControlResult edit_destination(const ServiceKey& key, const Endpoint& server,
                                   const DestinationSettings& settings, Time now);
    ControlResult remove_destination(const ServiceKey& key, const Endpoint& server, Time now);
    void set_timeouts(const Timeouts& timeouts);
    void set_options(const Options& options);
    const Options& options() const { return options_; }
    std::vector<DestinationStatus> destinations(const ServiceKey& key) const;

    // packet_path.cpp
    [[gnu::noinline]] Verdict step(const Segment& segment, Time now);
    Verdict step_opening(const Segment& syn, std::uint32_t acks, Time now);
    void pass(const Segment& segment, Time now);
    void prefetch(std::uint32_t entry) const { table_.prefetch(entry); }
    void prefetch_server_of(std::uint32_t entry) const {
        if (table_.is_far() && entry < table_.pool().end() && table_[entry].in_use != 0) {
            const auto& c = table_[entry];
            lvslab::prefetch(destinations_[c.destination].get());
            lvslab::prefetch(c.queued);
        }
    }
    void prefetch_place_for(Protocol protocol, const Endpoint& client) const {
        table_.prefetch_bucket_for(protocol, client);
    }

    // expiry.cpp
    void advance(Time now) {
        last_advance_ = now;
        if (is_due(now)) {
            fire_due(now);
        }
    }
    Time next_expiry() const;
    std::vector<DueTimer> due_timers(Time now) const;
    void fire(std::uint32_t handle, Time now);
    std::optional<DueTimer> due_entry(const Segment& segment, Time now) const;
    void seen_alive(std::uint32_t handle, Time now);
    std::optional<DestinationStatus> removed_destination(const ServiceKey& key,
                                                         const Endpoint& server) const;
    void script_choice(const Endpoint& server) { scripted_ = server; }
    void for_each_connection(const std::function<void(const ConnectionStatus&)>& visit) const;
    std::size_t connection_count() const { return table_.size(); }
    std::size_t connection_table_bytes() const {
        return table_.bytes() + wheel_.bytes() + tracks_.capacity() * sizeof(SyncTrack);
    }

    // ftp.cpp
    std::optional<FtpEdit> ftp_payload(const Segment& segment,
                                       std::span<const std::uint8_t> payload, Time now);

    // sync.cpp
    void set_sync_master(const std::optional<SyncMaster>& daemon, Time now);
    void set_sync_backup(const std::optional<SyncBackup>& daemon);
    std::vector<SyncMessage> take_sync_messages(Time now);
    Time next_sync_message() const { return sender_ ? sender_->next() : never; }
    SyncReceipt apply_sync(std::span<const std::uint8_t> datagram, Time now);

private:
    /// What services are looked up by (ip_vs_service_find).
    struct Lookup {
        Family family;
        Protocol protocol;
        Address address;
        std::uint32_t port_or_mark;
        friend bool operator==(const Lookup&, const Lookup&) = default;
    };
    struct LookupHash {
        std::size_t operator()(const Lookup& l) const noexcept {
            return (std::hash<Address>{}(l.address) ^ l.port_or_mark) * 0x9E3779B97F4A7C15ULL;
        }
    };
    /// A packet on its way in.
    struct Arrival {
        const Segment& segment;
        Time now;

        ConnectionKeyView key() const {
            return {segment.protocol, segment.source, segment.destination};
        }
        const Address& client() const { return segment.source.address; }
        std::uint16_t port() const { return segment.destination.port.value(); }
    };
    enum class Refusal : std::uint8_t {
        not_ours,   ///< the packet goes on to the host's stack
        no_server,  ///< ip_vs_leave
    };
    /// A new entry, or why there is none. One-packet entries are gone at once: they have a server
    /// and a port, but no entry.
    struct Scheduled {
        ConnectionId id = no_connection;
        Destination* server = nullptr;
        std::uint16_t server_port = 0;
        bool by_template = false;
        Refusal refusal = Refusal::not_ours;
    };

    // control.cpp
    static Lookup lookup_of(const ServiceKey& key);
    static ServiceKey normalised(ServiceKey key);
    Service* find_service(const ServiceKey& key) const;
    static Destination* find_destination(const Service& service, const Endpoint& server);
    static ControlResult check(const Service& service, const Endpoint& server,
                               const DestinationSettings& settings);
    void bind_scheduler(Service& service, const SchedulerEntry& entry, Time now);
    void count(const Service& service, std::uint32_t step);
    static DestinationStatus status_of(const Destination& d);
    Destination* from_trash(const Service& service, const Endpoint& server);
    Destination& new_destination(const Endpoint& server, const ServiceKey& service);
    void apply(Destination& d, const DestinationSettings& settings);
    void set_thresholds(Destination& d, std::uint32_t upper, std::uint32_t lower);
    void to_trash(Destination& d, Time now);

    // packet_path.cpp
    // All three fill in the verdict where it stands.
    void step_in(const Segment& segment, Time now, Verdict& verdict);
    ConnectionId enter(const Segment& segment, Time now, Verdict& verdict);
    [[gnu::noinline]] void step_out(const Segment& segment, Time now, Verdict& verdict);
    ConnectionId entry_for(const Arrival& arrival, Verdict& verdict);
    void answer(const Connection& c, Verdict& verdict) const;
    bool goes_on(ConnectionId id) const { return destinations_[table_[id].destination]->available; }
    void follow(ConnectionId id, TcpFlags flags, std::uint32_t packets, Time now);
    void follow_opening(ConnectionId id, const Segment& syn, std::uint32_t acks, Time now);
    ConnectionId new_entry_for(const Arrival& arrival, Verdict& verdict);
    bool sees(const Segment& segment) const;
    bool reschedules(const Connection& c) const;
    Service* service_for(const Segment& segment);
    [[gnu::noinline]] Service* look_service_up(const Segment& segment) const;
    [[gnu::noinline]] static Action refuse(const Segment& segment, const Service* service,
                                           Refusal refusal);
    Scheduled schedule(Service& service, const Arrival& arrival);
    [[gnu::noinline]] Scheduled schedule_persistent(Service& service, const Arrival& arrival);
    ConnectionId template_for(Service& service, const Arrival& arrival);
    ConnectionKey template_key(const Service& service, const Arrival& arrival) const;
    Destination* choose(Service& service, const Arrival& arrival);
    ConnectionId new_connection(const ConnectionKeyView& key, Destination& d, std::uint16_t port,
                                bool is_template, Fwmark mark);
    static void take_method(Connection& c, const Destination& d);
    [[gnu::noinline]] void one_packet(Destination& d);
    void transition(Connection& c, TcpSide side, TcpFlags flags);
    void assure_template(const Connection& c);
    Duration tcp_timeout(TcpState state) const {
        return tcp_timeouts_[static_cast<std::size_t>(state)];
    }
    Duration timeout_of(const Connection& c) const {
        return c.protocol == Protocol::tcp ? tcp_timeout(c.state) : udp_timeout_;
    }

    // counters.cpp
    void bind(Connection& c, Destination& d);
    void unbind(const Connection& c);
    void entry_counted(Destination& d);
    void entry_uncounted(Destination& d);
    void set_active(Connection& c, bool active);
    void count_active(Connection& c, Destination& d, bool active);
    void counted(Destination& d, bool was_overloaded);
    void tell_scheduler();

    // expiry.cpp
    bool is_due(Time now) const { return wheel_.next() <= now || housekeeping_due_ <= now; }
    [[gnu::noinline]] void fire_due(Time now);
    Time fires(ConnectionId id) const;
    Wheel wheel() const { return {options_.wheel_phase}; }
    Time may_fire(ConnectionId id) const;
    void arm(ConnectionId id, Duration timeout, Time now, bool shorter = false);
    void hang(ConnectionId id, bool shorter = false);
    [[gnu::noinline]] void expire_now(ConnectionId id, Time now);
    void expire(ConnectionId id, Time at);
    void remove_connection(ConnectionId id, bool dropping, Time now);
    [[gnu::noinline]] void release_controller(ConnectionId id, bool dropping, TimeSpan when,
                                              const TemplateDoubt::Place& timer);
    [[gnu::noinline]] void arm_template(ConnectionId id, Time now);
    [[gnu::noinline]] TemplateDoubt doubt_of(ConnectionId id) const;
    [[gnu::noinline]] void set_doubt(ConnectionId id, TemplateDoubt doubt);
    TimeSpan freed(ConnectionId id) const;
    bool may_be_gone(ConnectionId id, Time now) const;
    DueTimer due_timer(ConnectionId id) const;
    DueTimer drop_timer() const;
    bool may_drop_unavailable(const Connection& c) const;
    [[gnu::noinline]] void drop_certain(Time now);
    void drop_unavailable(Time now, Time certain);
    void sweep_trash(Time now);
    [[gnu::noinline]] void housekeeping(Time until);
    void plan_housekeeping();

    // ftp.cpp
    /// An application is bound to connections by NAT alone, by their virtual port
    /// (ip_vs_bind_app).
    bool is_ftp_control(const Connection& c) const {
        return options_.ftp_helper && c.protocol == Protocol::tcp && c.is_template == 0 &&
               c.virtual_port == ftp_port &&
               c.method == static_cast<unsigned>(ForwardingMethod::nat);
    }
    ConnectionId find_reply(const Segment& segment) const;
    void ftp_command(ConnectionId id, const FtpCommand& command, Fwmark mark, Time now);
    std::optional<FtpEdit> ftp_answer(ConnectionId id, const Segment& segment,
                                      std::span<const std::uint8_t> payload, Time now);
    ConnectionId new_data_connection(ConnectionId control, const ConnectionKey& key,
                                     const Endpoint& server, Fwmark mark);
    void listen(ConnectionId id, Time now);

    // sync.cpp
    void start_tracking();
    [[gnu::noinline]] SyncTrack& track(ConnectionId id);
    [[gnu::noinline]] void sync_packets(ConnectionId id, std::uint32_t count, Time now);
    [[gnu::noinline]] void sync_chain(ConnectionId id, std::uint32_t packets, Time now,
                                      Duration timeout = Duration::zero());
    bool in_persistence(const Connection& c) const;
    Duration told_timeout(const Connection& c) const;
    SyncRecord record_of(ConnectionId id);
    void apply(const SyncRecord& record, SyncReceipt& receipt, Time now);
    ConnectionId replaced_or(ConnectionId id, const SyncRecord& record, bool& late, Time now);
    ConnectionId made_by_sync(const SyncRecord& record);
    void updated_by_sync(ConnectionId id, const SyncRecord& record);
    Destination* sync_destination(const SyncRecord& record) const;
    Destination& unbound_destination(const Address& server);

    Options options_;
    std::array<Duration, tcp_state_count> tcp_timeouts_;
    Duration udp_timeout_ = std::chrono::seconds(300);

    std::vector<std::unique_ptr<Service>> services_;
    std::unordered_map<Lookup, Service*, LookupHash> lookup_;
    /// IPv4's and IPv6's. IPVS sees no packet of a family without services: the hooks are gone.
    std::array<std::uint32_t, 2> services_of_family_{};
    std::uint32_t ftp_services_ = 0;
    std::uint32_t any_port_services_ = 0;

    std::vector<std::unique_ptr<Destination>> destinations_;
    std::vector<std::uint32_t> free_destinations_;
    std::vector<Destination*> trash_;  ///< the last to come in is the back

    /// Its scheduler has not been told yet that a counter of it changed.
    Destination* changed_ = nullptr;

    /// The service that the last packet without a mark was for.
    struct {
        Protocol protocol{};
        Endpoint endpoint;
        Service* service = nullptr;
    } last_service_;

    std::optional<Endpoint> scripted_;

    ConnectionTable table_;
    TimerWheel wheel_{table_};
    Time housekeeping_due_ = never;  ///< the earliest of the next two and of schedulers' sweeps
    Time trash_due_ = never;
    Time drop_due_ = never;    ///< when entries of removed servers go (expire_nodest_conn)
    Time drop_since_ = never;  ///< with Expiry::told: when it was due
    /// With Expiry::told: templates whose timers may have fired or not. Nobody walks it.
    std::unordered_map<ConnectionId, TemplateDoubt> doubts_;
    Time last_advance_{};

    /// Control connections whose client asked for a passive data connection and has no answer yet.
    std::unordered_map<ConnectionId, FtpMode> ftp_modes_;

    std::optional<SyncSender> sender_;
    std::optional<SyncBackup> backup_;
    /// Of each entry, from when one of the daemons first ran.
    bool tracking_ = false;
    std::vector<SyncTrack> tracks_;
};

}  // namespace lvslab::ipvs

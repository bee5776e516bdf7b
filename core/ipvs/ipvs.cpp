// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/ipvs.hpp"

#include "core/ipvs/model.hpp"

namespace lvslab::ipvs {

Ipvs::Ipvs(Options options) : model_(std::make_unique<Model>(options)) {}
Ipvs::~Ipvs() = default;
Ipvs::Ipvs(Ipvs&&) noexcept = default;
Ipvs& Ipvs::operator=(Ipvs&&) noexcept = default;

ControlResult Ipvs::add_service(const ServiceKey& key, const ServiceSettings& settings, Time now) {
    return model_->add_service(key, settings, now);
}

ControlResult Ipvs::edit_service(const ServiceKey& key, const ServiceSettings& settings, Time now) {
    return model_->edit_service(key, settings, now);
}

ControlResult Ipvs::remove_service(const ServiceKey& key, Time now) {
    return model_->remove_service(key, now);
}

ControlResult Ipvs::add_destination(const ServiceKey& service, const Endpoint& server,
                                    const DestinationSettings& settings, Time now) {
    return model_->add_destination(service, server, settings, now);
}

ControlResult Ipvs::edit_destination(const ServiceKey& service, const Endpoint& server,
                                     const DestinationSettings& settings, Time now) {
    return model_->edit_destination(service, server, settings, now);
}

ControlResult Ipvs::remove_destination(const ServiceKey& service, const Endpoint& server,
                                       Time now) {
    return model_->remove_destination(service, server, now);
}

void Ipvs::set_timeouts(const Timeouts& timeouts) {
    model_->set_timeouts(timeouts);
}

void Ipvs::set_options(const Options& options) {
    model_->set_options(options);
}

const Options& Ipvs::options() const {
    return model_->options();
}

Verdict Ipvs::step(const Segment& segment, Time now) {
    return model_->step(segment, now);
}

Verdict Ipvs::step_opening(const Segment& syn, std::uint32_t acks, Time now) {
    return model_->step_opening(syn, acks, now);
}

void Ipvs::pass(const Segment& segment, Time now) {
    model_->pass(segment, now);
}

void Ipvs::prefetch(std::uint32_t entry) const {
    model_->prefetch(entry);
}

void Ipvs::prefetch_server_of(std::uint32_t entry) const {
    model_->prefetch_server_of(entry);
}

void Ipvs::prefetch_place_for(Protocol protocol, const Endpoint& client) const {
    model_->prefetch_place_for(protocol, client);
}

std::optional<FtpEdit> Ipvs::ftp_payload(const Segment& segment,
                                         std::span<const std::uint8_t> payload, Time now) {
    return model_->ftp_payload(segment, payload, now);
}

void Ipvs::advance(Time now) {
    model_->advance(now);
}

Time Ipvs::next_expiry() const {
    return model_->next_expiry();
}

std::vector<DueTimer> Ipvs::due_timers(Time now) const {
    return model_->due_timers(now);
}

void Ipvs::fire(std::uint32_t handle, Time now) {
    model_->fire(handle, now);
}

std::optional<DueTimer> Ipvs::due_entry(const Segment& segment, Time now) const {
    return model_->due_entry(segment, now);
}

void Ipvs::seen_alive(std::uint32_t handle, Time now) {
    model_->seen_alive(handle, now);
}

std::optional<DestinationStatus> Ipvs::removed_destination(const ServiceKey& service,
                                                           const Endpoint& server) const {
    return model_->removed_destination(service, server);
}

void Ipvs::script_choice(const Endpoint& server) {
    model_->script_choice(server);
}

void Ipvs::set_sync_master(const std::optional<SyncMaster>& daemon, Time now) {
    model_->set_sync_master(daemon, now);
}

void Ipvs::set_sync_backup(const std::optional<SyncBackup>& daemon) {
    model_->set_sync_backup(daemon);
}

std::vector<SyncMessage> Ipvs::take_sync_messages(Time now) {
    return model_->take_sync_messages(now);
}

Time Ipvs::next_sync_message() const {
    return model_->next_sync_message();
}

SyncReceipt Ipvs::apply_sync(std::span<const std::uint8_t> datagram, Time now) {
    return model_->apply_sync(datagram, now);
}

std::vector<DestinationStatus> Ipvs::destinations(const ServiceKey& service) const {
    return model_->destinations(service);
}

void Ipvs::for_each_connection(const std::function<void(const ConnectionStatus&)>& visit) const {
    model_->for_each_connection(visit);
}

std::size_t Ipvs::connection_count() const {
    return model_->connection_count();
}

std::size_t Ipvs::connection_table_bytes() const {
    return model_->connection_table_bytes();
}

}  // namespace lvslab::ipvs

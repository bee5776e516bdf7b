// SPDX-License-Identifier: GPL-2.0-only
// The FTP helper inside the model: entries for data connections that a control connection tells
// of (ip_vs_ftp_in and ip_vs_ftp_out, ip_vs_ftp.c).
#include "core/ipvs/model.hpp"

namespace lvslab::ipvs {
std::optional<FtpEdit> Ipvs::Model::ftp_payload(const Segment& segment,
                                                std::span<const std::uint8_t> payload, Time now) {
    const bool in = segment.direction == Direction::from_client;
    const auto id = in ? table_.find({segment.protocol, segment.source, segment.destination})
                       : find_reply(segment);
    if (id == no_connection || !is_ftp_control(table_[id]) ||
        table_[id].state != TcpState::established) {
        return std::nullopt;
    }
    if (!in) {
        return ftp_answer(id, segment, payload, now);
    }
    if (const auto command = read_ftp_command(payload, segment.source.address.family())) {
        ftp_command(id, *command, segment.mark, now);
    }
    return std::nullopt;
}

ConnectionId Ipvs::Model::find_reply(const Segment& segment) const {
    return table_.find_reply(
        segment.protocol, segment.source, segment.destination,
        [this](const Connection& c) { return destinations_[c.destination]->endpoint.address; });
}

/// The mode waits for the server's answer; PORT and EPRT make an entry for the server's packets.
void Ipvs::Model::ftp_command(ConnectionId id, const FtpCommand& command, Fwmark mark, Time now) {
    if (!command.client) {
        ftp_modes_[id] = command.mode;
        return;
    }
    ftp_modes_.erase(id);
    const auto& c = table_[id];
    const Port data_port{static_cast<std::uint16_t>(c.virtual_port - 1)};
    const Endpoint server{destinations_[c.destination]->endpoint.address,
                          Port{static_cast<std::uint16_t>(c.server_port - 1)}};
    const ConnectionKey key{c.protocol, *command.client, {table_.virtual_address(c), data_port}};
    auto data = table_.find(key);
    if (data == no_connection) {
        data = new_data_connection(id, key, server, mark);
    }
    listen(data, now);
}

/// PASV and EPSV make an entry whose client's port is not known yet.
std::optional<FtpEdit> Ipvs::Model::ftp_answer(ConnectionId id, const Segment& segment,
                                               std::span<const std::uint8_t> payload, Time now) {
    const auto mode = ftp_modes_.find(id);
    if (mode == ftp_modes_.end()) {
        return std::nullopt;
    }
    const auto answer = read_ftp_answer(payload, mode->second, segment.source.address);
    if (!answer) {
        return std::nullopt;
    }
    const auto& c = table_[id];
    const Endpoint client{table_.client_address(c), Port{0}};
    auto data = find_reply(
        {Direction::from_server, c.protocol, answer->data, client, TcpFlags::none, Fwmark{}, 1});
    if (data == no_connection || table_[data].is_template != 0) {
        data = new_data_connection(
            id, {c.protocol, client, {table_.virtual_address(c), answer->data.port}}, answer->data,
            segment.mark);
    }
    const auto& made = table_[data];
    const Endpoint told{table_.virtual_address(made), Port{made.virtual_port}};
    FtpEdit edit{answer->offset, answer->length, ftp_answer_text(mode->second, told)};
    ftp_modes_.erase(mode);
    listen(data, now);
    return edit;
}

/// Controlled by `control`, at its server; or, if the server told another address, at that one.
ConnectionId Ipvs::Model::new_data_connection(ConnectionId control, const ConnectionKey& key,
                                              const Endpoint& server, Fwmark mark) {
    auto* d = destinations_[table_[control].destination].get();
    if (d->endpoint.address != server.address) {
        d = &unbound_destination(server.address);
    }
    const auto id = new_connection(key, *d, server.port.value(), false, mark);
    if (key.client.port.value() == 0) {
        table_.await_client_port(id);
    }
    table_[id].controller = control;
    ++table_[control].controlled;
    return id;
}

/// ip_vs_tcp_conn_listen.
void Ipvs::Model::listen(ConnectionId id, Time now) {
    auto& c = table_[id];
    c.state = TcpState::listen;
    arm(id, timeout_of(c), now);
}

}  // namespace lvslab::ipvs

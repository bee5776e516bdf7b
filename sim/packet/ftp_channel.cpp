// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ftp_channel.hpp"

#include <utility>

#include "sim/packet/packet_text.hpp"

namespace lvslab::packet_world {
namespace {

Endpoint endpoint_of(const ns3::Address& address) {
    const auto inet = ns3::InetSocketAddress::ConvertFrom(address);
    return {Address::v4(inet.GetIpv4().Get()), Port{inet.GetPort()}};
}

}  // namespace

FtpChannel::FtpChannel(ns3::Ptr<ns3::Socket> socket, Hear hear)
    : socket_(std::move(socket)), hear_(std::move(hear)) {
    socket_->SetRecvCallback(ns3::MakeCallback(&FtpChannel::on_data, this));
}

FtpChannel::~FtpChannel() {
    socket_->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
}

void FtpChannel::say(std::string_view line) {
    socket_->Send(packet_of(std::string(line) + "\r\n"));
}

Endpoint FtpChannel::local() const {
    ns3::Address address;
    socket_->GetSockName(address);
    return endpoint_of(address);
}

Endpoint FtpChannel::peer() const {
    ns3::Address address;
    socket_->GetPeerName(address);
    return endpoint_of(address);
}

void FtpChannel::on_data(ns3::Ptr<ns3::Socket>) {
    while (const auto packet = socket_->Recv()) {
        if (packet->GetSize() == 0) {
            return;
        }
        for (const auto& line : lines_.take(text_of(*packet))) {
            hear_(line);
        }
    }
}

}  // namespace lvslab::packet_world

// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/check_settings.hpp"

#include <algorithm>
#include <limits>

namespace lvslab::router {
namespace {

health::CheckType check_type(config::CheckType type) {
    switch (type) {
        case config::CheckType::tcp:
            return health::CheckType::tcp;
        case config::CheckType::http:
            return health::CheckType::http;
        case config::CheckType::https:
            return health::CheckType::https;
    }
    return health::CheckType::tcp;
}

int times(std::int64_t number) {
    return static_cast<int>(std::min<std::int64_t>(number, std::numeric_limits<int>::max()));
}

}  // namespace

health::CheckSettings check_settings(const config::VirtualServer& service, Weight weight) {
    health::CheckSettings settings;
    settings.interval = service.check_interval.value_or(service.timeout);
    settings.reentry = service.reentry;
    settings.weight = weight;
    settings.quiesce = service.quiesce_server;
    settings.load_monitor = service.load_monitor.value_or("none") != "none";
    if (service.rise) {
        settings.rise = times(*service.rise);
    }
    settings.fall = times(service.fall.value_or(1));
    return settings;
}

Checked<health::Probe> check_probe(const config::VirtualServer& service,
                                   const config::RealServer& server) {
    health::CheckText text;
    text.send = service.send;
    text.expect = service.expect;
    text.send_program = service.send_program;
    text.use_regex = service.use_regex;
    text.service_port = service.port;
    text.protocol = service.protocol;
    text.limit = service.check_timeout.value_or(service.timeout);
    if (service.check) {
        text.check = check_type(*service.check);
    }
    text.path = service.check_path;
    text.host = service.check_host;
    text.http.body = service.check_body;
    if (service.check_status) {
        text.http.status = {service.check_status->first, service.check_status->last};
    }
    text.location = service.location;
    return health::make_probe(text, Endpoint{server.address, server.port});
}

Diagnostics check_probes(const config::LvsConfig& config) {
    Diagnostics found;
    for (const auto& service : config.virtual_servers) {
        const auto server = std::ranges::find_if(service.servers, &config::RealServer::active);
        if (service.active && server != service.servers.end()) {
            found.append(check_probe(service, *server).diagnostics);
        }
    }
    return found;
}

}  // namespace lvslab::router

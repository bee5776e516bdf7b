// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/ipvs/kernel_ipvs.hpp"

#include <algorithm>
#include <cerrno>
#include <numeric>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

using ipvs::ControlResult;

/// The service that the change finds there; null for one that brings it or removes it.
const ipvs::ServiceKey* service_of_destination(const ports::DataplaneChange& change) {
    return std::visit(
        [](const auto& c) -> const ipvs::ServiceKey* {
            if constexpr (requires { c.service; }) {
                return &c.service;
            }
            return nullptr;
        },
        change);
}

/// The service that the change adds, edits or removes as a whole.
const ipvs::ServiceKey* whole_service(const ports::DataplaneChange& change) {
    return std::visit(
        [](const auto& c) -> const ipvs::ServiceKey* {
            if constexpr (requires { c.key; }) {
                return &c.key;
            }
            return nullptr;
        },
        change);
}

bool removes(const ports::DataplaneChange& change) {
    return std::holds_alternative<ports::RemoveService>(change) ||
           std::holds_alternative<ports::RemoveDestination>(change);
}

/// How many of the changes can go together: a service that one of them adds is not touched as a
/// whole by a later one, so that real servers may wait until it is known which services stand.
std::size_t run_length(std::span<const ports::DataplaneChange> changes) {
    std::set<ipvs::ServiceKey> added;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto* whole = whole_service(changes[i]);
        if (whole != nullptr && added.contains(normalised(*whole))) {
            return i;
        }
        if (const auto* add = std::get_if<ports::AddService>(&changes[i])) {
            added.insert(normalised(add->key));
        }
    }
    return changes.size();
}

std::string why(const NetlinkAnswer& answer) {
    return answer.error == EPERM || answer.error == EACCES
               ? "not permitted: it takes CAP_NET_ADMIN in the kernel's first user namespace"
               : answer.to_string();
}

template <class T>
Checked<T> not_read(const NetlinkAnswer& answer, const char* what) {
    Checked<T> read;
    read.diagnostics.error({"IPVS"}, fmt::format("cannot list {}: {}", what, why(answer)));
    return read;
}

const NetlinkAnswer not_understood{EBADMSG, "the kernel's answer is not understood"};

}  // namespace

Checked<std::unique_ptr<KernelIpvs>> KernelIpvs::open(Note note,
                                                      const NetlinkSocket::Options& options) {
    Checked<std::unique_ptr<KernelIpvs>> opened;
    auto socket = NetlinkSocket::open(options);
    opened.diagnostics = socket.diagnostics;
    if (!socket) {
        return opened;
    }
    const auto family = socket->family("IPVS");
    if (!family) {
        opened.diagnostics.error({"IPVS"},
                                 "the kernel has none: its module ip_vs is not loaded and did not "
                                 "come when asked for; try `modprobe ip_vs`");
        return opened;
    }
    std::unique_ptr<KernelIpvs> ipvs(
        new KernelIpvs(std::move(*socket), IpvsFamily{*family}, std::move(note)));
    const auto info = ipvs->info();
    opened.diagnostics.append(info.diagnostics);
    if (info) {
        opened.value = std::move(ipvs);
    }
    return opened;
}

ControlResult KernelIpvs::add_service(const ipvs::ServiceKey& key,
                                      const ipvs::ServiceSettings& settings) {
    return change_one(ports::AddService{key, settings});
}
ControlResult KernelIpvs::edit_service(const ipvs::ServiceKey& key,
                                       const ipvs::ServiceSettings& settings) {
    return change_one(ports::EditService{key, settings});
}
ControlResult KernelIpvs::remove_service(const ipvs::ServiceKey& key) {
    return change_one(ports::RemoveService{key});
}
ControlResult KernelIpvs::add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                          const ipvs::DestinationSettings& settings) {
    return change_one(ports::AddDestination{service, server, settings});
}
ControlResult KernelIpvs::edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                           const ipvs::DestinationSettings& settings) {
    return change_one(ports::EditDestination{service, server, settings});
}
ControlResult KernelIpvs::remove_destination(const ipvs::ServiceKey& service,
                                             const Endpoint& server) {
    return change_one(ports::RemoveDestination{service, server});
}

ControlResult KernelIpvs::change_one(const ports::DataplaneChange& one) {
    return change({&one, 1})[0];
}

std::vector<ControlResult> KernelIpvs::change(Changes changes) {
    std::vector<ControlResult> results(changes.size(), ControlResult::failed);
    for (std::size_t begin = 0; begin < changes.size();) {
        const auto length = run_length(changes.subspan(begin));
        change_run(changes.subspan(begin, length), std::span(results).subspan(begin, length));
        begin += length;
    }
    return results;
}

/// In two steps, so that no real server gets into somebody else's service: those of services that
/// come now are sent when it is known that they came.
void KernelIpvs::change_run(Changes run, std::span<ControlResult> results) {
    std::set<ipvs::ServiceKey> coming;
    std::vector<std::size_t> first;
    std::vector<std::size_t> later;
    for (std::size_t i = 0; i < run.size(); ++i) {
        const auto* service = service_of_destination(run[i]);
        const bool waits = service != nullptr && coming.contains(normalised(*service));
        (waits ? later : first).push_back(i);
        if (const auto* add = std::get_if<ports::AddService>(&run[i])) {
            coming.insert(normalised(add->key));
        }
    }
    send_all(run, first, results);
    for (const auto i : first) {
        if (const auto* add = std::get_if<ports::AddService>(&run[i]);
            add != nullptr && results[i] == ControlResult::ok) {
            coming.erase(normalised(add->key));
        }
    }
    std::erase_if(later, [&](std::size_t i) {
        const bool refused = coming.contains(normalised(*service_of_destination(run[i])));
        if (refused) {
            results[i] = ControlResult::no_such_service;
        }
        return refused;
    });
    send_all(run, later, results);
}

void KernelIpvs::send_all(Changes changes, const std::vector<std::size_t>& chosen,
                          std::span<ControlResult> results) {
    std::vector<NetlinkMessage> requests;
    requests.reserve(chosen.size());
    for (const auto i : chosen) {
        requests.push_back(encode(family_, changes[i]));
    }
    const auto answers = socket_.ask_all(requests);
    for (std::size_t n = 0; n < chosen.size(); ++n) {
        const auto& change = changes[chosen[n]];
        results[chosen[n]] = result_of(change, answers[n] ? *answers[n] : ask_again(change));
    }
}

/// The answer was lost. A second time, the kernel refuses what it has done the first time.
NetlinkAnswer KernelIpvs::ask_again(const ports::DataplaneChange& change) {
    const auto answer = socket_.ask(encode(family_, change));
    const bool gone = removes(change) && (answer.error == ESRCH || answer.error == ENOENT);
    return gone || (answer.error == EEXIST && stands(change)) ? NetlinkAnswer{} : answer;
}

/// What the change adds is there, and as it says.
bool KernelIpvs::stands(const ports::DataplaneChange& change) {
    const auto table = dump(Depth::destinations);
    if (!table) {
        return false;
    }
    if (const auto* add = std::get_if<ports::AddService>(&change)) {
        const auto* service = find_service(*table, add->key);
        return service != nullptr && service->settings == add->settings;
    }
    if (const auto* add = std::get_if<ports::AddDestination>(&change)) {
        const auto* service = find_service(*table, add->service);
        return service != nullptr &&
               std::ranges::any_of(service->destinations, [&](const ListedDestination& d) {
                   return d.server == add->server && d.settings == add->settings;
               });
    }
    return false;
}

/// The kernel's errnos are those of ip_vs_genl_set_cmd and what it calls (ip_vs_ctl.c).
ControlResult KernelIpvs::result_of(const ports::DataplaneChange& change,
                                    const NetlinkAnswer& answer) {
    if (!answer.text.empty()) {
        note("IPVS: " + answer.to_string());
    }
    switch (answer.error) {
        case 0:
            return ControlResult::ok;
        case EEXIST:
            return ControlResult::exists;
        case ESRCH:
            return ControlResult::no_such_service;
        case ENOENT:
            return whole_service(change) != nullptr ? ControlResult::unknown_scheduler
                                                    : ControlResult::no_such_destination;
        case ERANGE:
            return ControlResult::out_of_range;
        case EINVAL:
        case EAFNOSUPPORT:
        case EPROTONOSUPPORT:
            return ControlResult::invalid;
        case EPERM:
        case EACCES:
            return ControlResult::not_permitted;
        default:
            if (answer.text.empty()) {
                note("IPVS: " + answer.to_string());
            }
            return ControlResult::failed;
    }
}

void KernelIpvs::set_timeouts(const ipvs::Timeouts& timeouts) {
    if (timeouts != ipvs::Timeouts{}) {
        ask(encode(family_, timeouts), "set the timeouts");
    }
}

void KernelIpvs::clear() {
    ask(encode_flush(family_), "clear the services");
}

Checked<IpvsTable> KernelIpvs::dump(Depth depth) {
    const auto listed = socket_.dump(encode_get_services(family_));
    if (!listed.answer.ok()) {
        return not_read<IpvsTable>(listed.answer, "services");
    }
    Checked<IpvsTable> table{IpvsTable{}, {}};
    for (const auto& message : listed.messages) {
        auto service = decode_service(message);
        if (!service) {
            return not_read<IpvsTable>(not_understood, "services");
        }
        if (depth == Depth::services || list_destinations(*service, table.diagnostics)) {
            table->services.push_back(std::move(*service));
        }
    }
    if (table.diagnostics.has_errors()) {
        table.value.reset();
    }
    return table;
}

/// False if the service is not there any more, or cannot be listed.
bool KernelIpvs::list_destinations(ListedService& service, Diagnostics& found) {
    const auto listed = socket_.dump(encode_get_destinations(family_, service.key));
    if (!listed.answer.ok()) {
        if (listed.answer.error != ESRCH) {
            found.append(not_read<IpvsTable>(listed.answer, "real servers").diagnostics);
        }
        return false;
    }
    for (const auto& message : listed.messages) {
        auto destination = decode_destination(message, service.key.family);
        if (!destination) {
            found.append(not_read<IpvsTable>(not_understood, "real servers").diagnostics);
            return false;
        }
        service.destinations.push_back(std::move(*destination));
    }
    return true;
}

Checked<IpvsInfo> KernelIpvs::info() {
    const auto got = socket_.get(encode_get_info(family_));
    const auto info = got.messages.empty() ? std::nullopt : decode_info(got.messages[0]);
    return info ? Checked<IpvsInfo>{info, {}}
                : not_read<IpvsInfo>(got.answer.ok() ? not_understood : got.answer, "its version");
}

Checked<ipvs::Timeouts> KernelIpvs::timeouts() {
    const auto got = socket_.get(encode_get_timeouts(family_));
    const auto read = got.messages.empty() ? std::nullopt : decode_timeouts(got.messages[0]);
    return read ? Checked<ipvs::Timeouts>{read, {}}
                : not_read<ipvs::Timeouts>(got.answer.ok() ? not_understood : got.answer,
                                           "its timeouts");
}

Checked<std::vector<SyncDaemon>> KernelIpvs::sync_daemons() {
    using Daemons = std::vector<SyncDaemon>;
    const auto listed = socket_.dump(encode_get_daemons(family_));
    if (!listed.answer.ok()) {
        return not_read<Daemons>(listed.answer, "sync daemons");
    }
    Daemons daemons;
    for (const auto& message : listed.messages) {
        auto daemon = decode_daemon(message);
        if (!daemon) {
            return not_read<Daemons>(not_understood, "sync daemons");
        }
        daemons.push_back(std::move(*daemon));
    }
    return {std::move(daemons), {}};
}

void KernelIpvs::start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) {
    stop();
    ask(encode_start(family_, {role, interface, id}),
        fmt::format("start the sync daemon on {}", interface));
}

void KernelIpvs::stop() {
    for (const auto role : {pulse::SyncRole::master, pulse::SyncRole::backup}) {
        const auto answer = socket_.ask(encode_stop(family_, role));
        // EINTR: it was stopped before its thread had run (kthread_stop). It is gone all the same.
        if (!answer.ok() && answer.error != ESRCH && answer.error != EINTR) {
            note("IPVS: cannot stop the sync daemon: " + why(answer));
        }
    }
}

void KernelIpvs::ask(const NetlinkMessage& request, const std::string& what) {
    if (const auto answer = socket_.ask(request); !answer.ok()) {
        note(fmt::format("IPVS: cannot {}: {}", what, why(answer)));
    }
}

void KernelIpvs::note(std::string text) const {
    if (note_) {
        note_(std::move(text));
    }
}

}  // namespace lvslab::realmode

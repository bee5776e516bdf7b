// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/ipvs/owned_ipvs.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

namespace fs = std::filesystem;
using Result = ipvs::ControlResult;

/// Everything of the file; nothing if it is not there.
std::optional<std::string> read_file(const fs::path& file, Diagnostics& found) {
    std::error_code error;
    const auto status = fs::status(file, error);
    if (status.type() == fs::file_type::not_found) {
        return std::nullopt;
    }
    std::ifstream in(file);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in) {
        found.error({file.string()}, "cannot be read");
    }
    return text;
}

const ipvs::ServiceKey& key_of(const ports::DataplaneChange& change) {
    return std::visit(
        [](const auto& c) -> const ipvs::ServiceKey& {
            if constexpr (requires { c.service; }) {
                return c.service;
            } else {
                return c.key;
            }
        },
        change);
}

std::string looks(const ipvs::ServiceKey& key, const ipvs::ServiceSettings& settings) {
    return looks_of(settings, key.family);
}

}  // namespace

// ---- what of some changes is to be done ----

/// Goes through the changes as if each were taken.
class OwnedIpvs::Order {
public:
    Order(OwnedIpvs& owner, std::span<const Change> changes) : owner_(owner) {
        for (const auto& change : changes) {
            const auto key = normalised(key_of(change));
            refused.push_back(std::visit([&](const auto& c) { return judge(c, key); }, change));
        }
    }
    /// Nothing comes, and nothing gets new looks, that could not be written down before.
    void keep_to_what_is_written(std::span<const Change> changes) {
        for (std::size_t i = 0; i < changes.size(); ++i) {
            const auto key = normalised(key_of(changes[i]));
            const bool edits = std::holds_alternative<ports::EditService>(changes[i]);
            const bool adds = std::holds_alternative<ports::AddService>(changes[i]);
            if (refused[i]) {
                continue;
            }
            if (!owner_.own_.contains(key)) {
                refused[i] = adds ? Result::failed : Result::no_such_service;
            } else if (edits && unsure.contains(key)) {
                refused[i] = Result::failed;
            }
        }
    }

    std::vector<std::optional<Result>> refused;  ///< one for each change; unset: to be done
    Unsure unsure;

private:
    std::optional<Result> judge(const ports::AddService& c, const ipvs::ServiceKey& key) {
        if (stands(key)) {
            return std::nullopt;  // the dataplane says so
        }
        if (!gone_.contains(key)) {
            if (const auto refusal = foreign(key)) {
                return refusal;
            }
        }
        gone_.erase(key);
        come_.insert(key);
        unsure[key].insert(looks(key, c.settings));
        return std::nullopt;
    }
    /// Only what the file is unsure of needs its new looks there.
    std::optional<Result> judge(const ports::EditService& c, const ipvs::ServiceKey& key) {
        if (!stands(key)) {
            return Result::no_such_service;
        }
        edited_[key].insert(looks(key, c.settings));
        if (unsure.contains(key) || !owner_.written_) {
            remember(key);
        }
        return std::nullopt;
    }
    std::optional<Result> judge(const ports::RemoveService&, const ipvs::ServiceKey& key) {
        if (!stands(key)) {
            return Result::no_such_service;
        }
        remember(key);
        come_.erase(key);
        gone_.insert(key);
        return std::nullopt;
    }
    template <class DestinationChange>
    std::optional<Result> judge(const DestinationChange&, const ipvs::ServiceKey& key) {
        return stands(key) ? std::nullopt : std::optional{Result::no_such_service};
    }

    bool stands(const ipvs::ServiceKey& key) const {
        return come_.contains(key) || (owner_.own_.contains(key) && !gone_.contains(key));
    }
    void remember(const ipvs::ServiceKey& key) {
        if (const auto own = owner_.own_.find(key); own != owner_.own_.end()) {
            unsure[key].insert(looks(key, own->second));
        }
        unsure[key].insert(edited_[key].begin(), edited_[key].end());
    }
    /// Somebody else's service with this key stands in its way.
    std::optional<Result> foreign(const ipvs::ServiceKey& key) {
        if (!table_) {
            table_ = owner_.ipvs_.dump(Depth::services);
        }
        if (!*table_) {
            owner_.note(fmt::format("service {} is not added: {}", to_string(key),
                                    table_->diagnostics.to_string()));
            return Result::failed;
        }
        if (find_service(**table_, key) == nullptr) {
            return std::nullopt;
        }
        owner_.note(
            fmt::format("service {} is in IPVS already, and none of this router's: it is left "
                        "alone. Remove it with ipvsadm, or take it out of the configuration",
                        to_string(key)));
        return Result::exists;
    }

    OwnedIpvs& owner_;
    std::optional<Checked<IpvsTable>> table_;
    Unsure edited_;
    std::set<ipvs::ServiceKey> come_;
    std::set<ipvs::ServiceKey> gone_;
};

// ---- the file ----

Checked<std::unique_ptr<OwnedIpvs>> OwnedIpvs::read(ReadableDataplane& ipvs, fs::path file,
                                                    std::string place, Note note) {
    Checked<std::unique_ptr<OwnedIpvs>> opened;
    auto& found = opened.diagnostics;
    ServiceClaims claims;
    if (const auto text = read_file(file, found); text && !found.has_errors()) {
        const auto read = parse_claims(*text, file.string());
        found.append(read.diagnostics);
        claims = read.value.value_or(ServiceClaims{});
    }
    const auto table = ipvs.dump(Depth::services);
    found.append(table.diagnostics);
    if (found.has_errors()) {
        return opened;
    }
    std::unique_ptr<OwnedIpvs> owned(
        new OwnedIpvs(ipvs, std::move(file), std::move(place), std::move(note)));
    if (claims.place == owned->place_) {
        owned->recognise(claims, *table);
    }
    opened.value = std::move(owned);
    return opened;
}

Checked<std::unique_ptr<OwnedIpvs>> OwnedIpvs::open(ReadableDataplane& ipvs, fs::path file,
                                                    std::string place, Note note) {
    auto opened = read(ipvs, std::move(file), std::move(place), std::move(note));
    if (opened && !(*opened)->write({})) {
        opened.diagnostics.error({(*opened)->file_.string()}, "cannot be written");
        opened.value.reset();
    }
    return opened;
}

Checked<std::vector<ipvs::ServiceKey>> OwnedIpvs::remove_claimed(ReadableDataplane& ipvs,
                                                                 fs::path file, std::string place,
                                                                 Note note) {
    auto claimed = read(ipvs, std::move(file), std::move(place), std::move(note));
    Checked<std::vector<ipvs::ServiceKey>> removed{{}, std::move(claimed.diagnostics)};
    if (claimed) {
        removed.value = (*claimed)->services();
        ipvs.change((*claimed)->removals());
    }
    return removed;
}

void OwnedIpvs::recognise(const ServiceClaims& claims, const IpvsTable& table) {
    for (const auto& service : table.services) {
        const auto unsure = claims.unsure.find(service.key);
        if (claims.own.contains(service.key)) {
            own_[service.key] = service.settings;
        } else if (unsure != claims.unsure.end()) {
            if (unsure->second.contains(looks(service.key, service.settings))) {
                own_[service.key] = service.settings;
            } else {
                note(
                    fmt::format("service {} was about to be added or removed when this router "
                                "ended, and is now another one: it is left alone",
                                to_string(service.key)));
            }
        }
    }
}

/// In one rename. No fsync: what a machine's own end could lose holds only until then.
bool OwnedIpvs::write(const Unsure& unsure) {
    ServiceClaims claims{place_, {}, unsure};
    for (const auto& [key, settings] : own_) {
        if (!unsure.contains(key)) {
            claims.own.insert(key);
        }
    }
    auto fresh = file_;
    fresh += ".new";
    std::error_code error;
    std::ofstream out(fresh, std::ios::trunc);
    out << print(claims) << std::flush;
    out.close();
    if (out.good()) {
        fs::rename(fresh, file_, error);
    }
    const bool done = out.good() && !error;
    written_ = done && unsure.empty();
    if (!done) {
        note(fmt::format("{} cannot be written: no service is added until it can be",
                         file_.string()));
    }
    return done;
}

// ---- changes ----

Result OwnedIpvs::add_service(const ipvs::ServiceKey& key, const ipvs::ServiceSettings& settings) {
    return change_one(ports::AddService{key, settings});
}
Result OwnedIpvs::edit_service(const ipvs::ServiceKey& key, const ipvs::ServiceSettings& settings) {
    return change_one(ports::EditService{key, settings});
}
Result OwnedIpvs::remove_service(const ipvs::ServiceKey& key) {
    return change_one(ports::RemoveService{key});
}
Result OwnedIpvs::add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                  const ipvs::DestinationSettings& settings) {
    return change_one(ports::AddDestination{service, server, settings});
}
Result OwnedIpvs::edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                   const ipvs::DestinationSettings& settings) {
    return change_one(ports::EditDestination{service, server, settings});
}
Result OwnedIpvs::remove_destination(const ipvs::ServiceKey& service, const Endpoint& server) {
    return change_one(ports::RemoveDestination{service, server});
}

Result OwnedIpvs::change_one(const Change& one) {
    return change({&one, 1})[0];
}

std::vector<Result> OwnedIpvs::change(std::span<const Change> changes) {
    Order order(*this, changes);
    if (!order.unsure.empty() && !write(order.unsure)) {
        order.keep_to_what_is_written(changes);
    }
    std::vector<Change> taken;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        if (!order.refused[i]) {
            taken.push_back(changes[i]);
        }
    }
    const auto done = ipvs_.change(taken);
    std::vector<Result> results;
    const auto owned_before = own_.size();
    bool doubt = false;
    std::set<ipvs::ServiceKey> not_added;
    for (std::size_t i = 0, n = 0; i < changes.size(); ++i) {
        results.push_back(order.refused[i] ? *order.refused[i] : done.at(n++));
        if (!order.refused[i]) {
            if (std::holds_alternative<ports::AddService>(changes[i]) &&
                results.back() != Result::ok) {
                not_added.insert(normalised(key_of(changes[i])));
            }
            // What waits for a refused addition is refused unasked: that says nothing.
            if (results.back() != Result::no_such_service ||
                !not_added.contains(normalised(key_of(changes[i])))) {
                learn(changes[i], results.back());
            }
            doubt = doubt || results.back() == Result::failed;
        }
    }
    const bool sure = !doubt || settle_doubts(order.unsure);
    if (sure && (!order.unsure.empty() || own_.size() != owned_before || !written_)) {
        write({});
    }
    return results;
}

void OwnedIpvs::learn(const Change& change, Result result) {
    const auto key = normalised(key_of(change));
    const auto* added = std::get_if<ports::AddService>(&change);
    if (result == Result::no_such_service) {
        own_.erase(key);  // somebody else removed it, or it never came
    } else if (result == Result::ok && added != nullptr) {
        own_[key] = added->settings;
    } else if (const auto* edited = std::get_if<ports::EditService>(&change);
               result == Result::ok && edited != nullptr) {
        own_[key] = edited->settings;
    } else if (result == Result::ok && std::holds_alternative<ports::RemoveService>(change)) {
        own_.erase(key);
    }
}

/// After a failure that says nothing of what was done: what is there and looks so is ours. False
/// if that cannot be seen; the file goes on to be unsure then.
bool OwnedIpvs::settle_doubts(const Unsure& unsure) {
    const auto table = ipvs_.dump(Depth::services);
    if (!table) {
        written_ = false;
        return false;
    }
    for (const auto& [key, any_of] : unsure) {
        const auto* service = find_service(*table, key);
        if (service != nullptr && any_of.contains(looks(key, service->settings))) {
            own_[key] = service->settings;
        } else {
            own_.erase(key);
        }
    }
    return true;
}

void OwnedIpvs::clear() {
    change(removals());
}

std::vector<ports::DataplaneChange> OwnedIpvs::removals() const {
    std::vector<Change> removals;
    for (const auto& [key, settings] : own_) {
        removals.emplace_back(ports::RemoveService{key});
    }
    return removals;
}

std::vector<ipvs::ServiceKey> OwnedIpvs::services() const {
    std::vector<ipvs::ServiceKey> keys;
    for (const auto& [key, settings] : own_) {
        keys.push_back(key);
    }
    return keys;
}

// ---- what is there ----

Checked<IpvsTable> OwnedIpvs::dump(Depth depth) {
    auto table = ipvs_.dump(depth);
    if (table) {
        std::erase_if(table->services, [&](const ListedService& s) { return !owns(s.key); });
    }
    return table;
}

router::ServiceTable OwnedIpvs::found() {
    const auto table = dump();
    if (!table) {
        note(table.diagnostics.to_string());
        return {};
    }
    router::ServiceTable found;
    for (const auto& service : table->services) {
        auto& kept = found.emplace_back(
            router::TableService{{to_string(service.key), service.key}, service.settings, {}});
        if (!service.persistence_engine.empty() || service.other_flags != 0) {
            kept.settings.scheduler.clear();
        }
        for (const auto& d : service.destinations) {
            kept.destinations.push_back({{d.server.to_string(), d.server}, d.settings});
        }
        // The oldest first, as they were added.
        std::ranges::reverse(kept.destinations);
    }
    return found;
}

void OwnedIpvs::note(std::string text) const {
    if (note_) {
        note_(std::move(text));
    }
}

std::string this_place() {
    std::string boot;
    std::ifstream("/proc/sys/kernel/random/boot_id") >> boot;
    std::error_code error;
    const auto space = fs::read_symlink("/proc/thread-self/ns/net", error).string();
    std::string number;
    std::ranges::copy_if(space, std::back_inserter(number),
                         [](char c) { return c >= '0' && c <= '9'; });
    return boot + "/" + number;
}

}  // namespace lvslab::realmode

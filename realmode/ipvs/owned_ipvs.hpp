// SPDX-License-Identifier: GPL-2.0-only
/// A dataplane that touches only what one router put there.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "core/router/service_changes.hpp"
#include "realmode/ipvs/ipvs_table.hpp"
#include "realmode/ipvs/service_claims.hpp"

namespace lvslab::realmode {

/// The kernel remembers of no service whose it is, so a state file does. It is written before a
/// service is added or removed and after, in one rename each, so that a kill at any moment leaves
/// no service of ours without a claim and no claim on another's. docs/kernel-ipvs.md has the rules.
/// Changes of real servers and of the settings of services write nothing.
///
/// A service that somebody else added is never changed; an addition with the key of one is refused
/// (`exists`) with a note. Somebody else who removes one of ours and adds his own with the same key
/// while we are not looking is not told from us.
class OwnedIpvs final : public ReadableDataplane {
public:
    using Note = std::function<void(std::string)>;
    using Result = ipvs::ControlResult;

    /// Reads the file, if there is one, and looks at what it says in `ipvs`, which outlives it.
    /// `place` tells this boot and network namespace from others (this_place()). Without a value if
    /// `ipvs` cannot be listed or the file is not such a file, which is then left as it is.
    static Checked<std::unique_ptr<OwnedIpvs>> open(ReadableDataplane& ipvs,
                                                    std::filesystem::path file, std::string place,
                                                    Note note);
    /// Removes what `file` claims and writes nothing: for a process that clears up after a router
    /// which was told to die and may still be at it. Gives what was there; who is sure that the
    /// router is gone opens the file.
    static Checked<std::vector<ipvs::ServiceKey>> remove_claimed(ReadableDataplane& ipvs,
                                                                 std::filesystem::path file,
                                                                 std::string place, Note note);
    /// Leaves the services where they are: they are found again.
    ~OwnedIpvs() override = default;

    Result add_service(const ipvs::ServiceKey& key, const ipvs::ServiceSettings& settings) override;
    Result edit_service(const ipvs::ServiceKey& key,
                        const ipvs::ServiceSettings& settings) override;
    Result remove_service(const ipvs::ServiceKey& key) override;
    Result add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                           const ipvs::DestinationSettings& settings) override;
    Result edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                            const ipvs::DestinationSettings& settings) override;
    Result remove_destination(const ipvs::ServiceKey& service, const Endpoint& server) override;
    std::vector<Result> change(std::span<const ports::DataplaneChange> changes) override;
    /// The kernel has one set of timeouts for all.
    void set_timeouts(const ipvs::Timeouts& timeouts) override { ipvs_.set_timeouts(timeouts); }
    /// Removes its own services.
    void clear() override;

    /// Its own services as they are.
    using ReadableDataplane::dump;
    Checked<IpvsTable> dump(Depth depth) override;
    /// The same in the words of a router that goes on with them (router::RouterOptions::found). A
    /// service with what no configuration can say (a persistence engine, a third scheduler flag)
    /// has no scheduler there, so that it is set right. What cannot be listed is a note.
    router::ServiceTable found();

    bool owns(const ipvs::ServiceKey& key) const { return own_.contains(normalised(key)); }
    /// The keys of all that it owns.
    std::vector<ipvs::ServiceKey> services() const;

private:
    using Change = ports::DataplaneChange;
    using Unsure = std::map<ipvs::ServiceKey, std::set<std::string>>;
    class Order;

    OwnedIpvs(ReadableDataplane& ipvs, std::filesystem::path file, std::string place, Note note)
        : ipvs_(ipvs), file_(std::move(file)), place_(std::move(place)), note_(std::move(note)) {}

    static Checked<std::unique_ptr<OwnedIpvs>> read(ReadableDataplane& ipvs,
                                                    std::filesystem::path file, std::string place,
                                                    Note note);
    std::vector<Change> removals() const;
    void recognise(const ServiceClaims& claims, const IpvsTable& table);
    Result change_one(const Change& change);
    void learn(const Change& change, Result result);
    bool settle_doubts(const Unsure& unsure);
    bool write(const Unsure& unsure);
    void note(std::string text) const;

    ReadableDataplane& ipvs_;
    std::filesystem::path file_;
    std::string place_;
    Note note_;
    std::map<ipvs::ServiceKey, ipvs::ServiceSettings> own_;
    bool written_ = true;  ///< the file says what own_ says, and nothing of it is unsure
};

/// This boot and this thread's network namespace: "BOOT-ID/NUMBER". IPVS is empty in each new one.
std::string this_place();

}  // namespace lvslab::realmode

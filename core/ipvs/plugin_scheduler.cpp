// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/plugin_scheduler.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/base/random.hpp"

namespace lvslab::ipvs {
namespace {

lvslab_address told(const Address& a) {
    lvslab_address address{};
    address.family = a.is_v4() ? 4 : 6;
    std::ranges::copy(a.bytes(), address.bytes);
    return address;
}

class PluginScheduler final : public Scheduler {
public:
    PluginScheduler(const lvslab_scheduler& plugin, const SchedulerContext& context)
        : Scheduler(context),
          plugin_(plugin),
          service_(context.stream_name),
          state_(plugin.create(seed_for(plugin, context)), plugin.destroy) {
        if (!state_) {
            fail("create() returned nothing");
        }
    }

    Destination* schedule(const ScheduleRequest& request) override {
        list();
        lvslab_request asked{};
        asked.now = request.now.time_since_epoch().count();
        asked.client = told(request.client);
        asked.virtual_address = told(request.virtual_address);
        asked.client_port = request.client_port.value();
        const auto place = plugin_.schedule(state_.get(), &asked, told_.data(), told_.size());
        if (place == -1) {
            return nullptr;
        }
        if (place < 0 || static_cast<std::size_t>(place) >= servers_in_order_.size()) {
            fail("schedule() returned place " + std::to_string(place) + ", but there are " +
                 std::to_string(servers_in_order_.size()) + " real servers (at " +
                 std::to_string(to_seconds(request.now)) + " s)");
        }
        auto* chosen = servers_in_order_[static_cast<std::size_t>(place)];
        return chosen->eligible() ? chosen : nullptr;
    }

    void added(Destination&) override { stale_ = true; }
    void removed(Destination& d) override {
        stale_ = true;
        ids_.erase(&d);
    }
    void renumbered() override { stale_ = true; }
    void edited(Destination& d) override { load_changed(d); }
    void load_changed(const Destination& d) override {
        if (!stale_) {
            tell(told_[places_[d.slot]], d);
        }
    }

private:
    static std::uint64_t seed_for(const lvslab_scheduler& plugin, const SchedulerContext& context) {
        return RandomStream(context.options.seed, std::string("ipvs/") + plugin.name + '/' +
                                                      std::string(context.stream_name))();
    }
    [[noreturn]] void fail(const std::string& what) const {
        throw std::runtime_error(std::string("scheduler ") + plugin_.name + " of " + service_ +
                                 ": " + what);
    }
    static void tell(lvslab_destination& to, const Destination& d) {
        to.weight = d.weight;
        to.overloaded = d.overloaded ? 1 : 0;
        to.active = static_cast<std::uint32_t>(d.active);
        to.inactive = static_cast<std::uint32_t>(d.inactive());
    }
    /// The list anew if servers came or went: a service that is set up with many pays once.
    void list() {
        if (!stale_) {
            return;
        }
        stale_ = false;
        told_.clear();
        servers_in_order_.clear();
        servers_.for_each([this](Destination& d) {
            lvslab_destination to{};
            auto& id = ids_[&d];
            if (id == 0) {
                id = ++last_id_;
            }
            to.id = id;
            to.address = told(d.endpoint.address);
            to.port = d.endpoint.port.value();
            tell(to, d);
            if (places_.size() <= d.slot) {
                places_.resize(d.slot + 1);
            }
            places_[d.slot] = told_.size();
            told_.push_back(to);
            servers_in_order_.push_back(&d);
        });
    }

    const lvslab_scheduler& plugin_;
    std::string service_;
    std::unique_ptr<void, void (*)(void*)> state_;
    std::vector<lvslab_destination> told_;  ///< from the head of the list
    std::vector<Destination*> servers_in_order_;
    std::vector<std::size_t> places_;  ///< by slot
    std::unordered_map<const Destination*, std::uint64_t> ids_;
    std::uint64_t last_id_ = 0;
    bool stale_ = true;
};

}  // namespace

std::unique_ptr<Scheduler> make_plugin_scheduler(const lvslab_scheduler& plugin,
                                                 const SchedulerContext& context) {
    return std::make_unique<PluginScheduler>(plugin, context);
}

}  // namespace lvslab::ipvs

// SPDX-License-Identifier: GPL-2.0-only
/// The model of IPVS under a router that dies.
#pragma once

#include <gtest/gtest.h>

#include "tests/real/dataplane/model_world.hpp"

namespace lvslab::realmode {

/// The router's process is gone.
struct Killed {};

/// The model, in which a router can be killed at its nth change.
class MortalDataplane final : public ReadableDataplane {
public:
    ipvs::ControlResult add_service(const ipvs::ServiceKey& k,
                                    const ipvs::ServiceSettings& s) override {
        return make([&] { return below.add_service(k, s); });
    }
    ipvs::ControlResult edit_service(const ipvs::ServiceKey& k,
                                     const ipvs::ServiceSettings& s) override {
        return make([&] { return below.edit_service(k, s); });
    }
    ipvs::ControlResult remove_service(const ipvs::ServiceKey& k) override {
        return make([&] { return below.remove_service(k); });
    }
    ipvs::ControlResult add_destination(const ipvs::ServiceKey& k, const Endpoint& e,
                                        const ipvs::DestinationSettings& s) override {
        return make([&] { return below.add_destination(k, e, s); });
    }
    ipvs::ControlResult edit_destination(const ipvs::ServiceKey& k, const Endpoint& e,
                                         const ipvs::DestinationSettings& s) override {
        return make([&] { return below.edit_destination(k, e, s); });
    }
    ipvs::ControlResult remove_destination(const ipvs::ServiceKey& k, const Endpoint& e) override {
        return make([&] { return below.remove_destination(k, e); });
    }
    void set_timeouts(const ipvs::Timeouts& t) override { below.set_timeouts(t); }
    void clear() override { ADD_FAILURE() << "others' services are gone"; }
    using ReadableDataplane::dump;
    Checked<IpvsTable> dump(Depth depth) override { return below.dump(depth); }

    ModelDataplane below;
    int changes = 0;
    int dies_before = -1;  ///< this change, counted from 0
    int dies_after = -1;

private:
    template <class Change>
    ipvs::ControlResult make(Change change) {
        const int nth = changes++;
        if (nth == dies_before) {
            throw Killed{};
        }
        const auto result = change();
        if (nth == dies_after) {
            throw Killed{};
        }
        return result;
    }
};

}  // namespace lvslab::realmode

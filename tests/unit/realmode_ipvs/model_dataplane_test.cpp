// SPDX-License-Identifier: GPL-2.0-only
// The dataplane suite of tests/real on the model, so that it says the same of both.
#include "tests/real/dataplane/dataplane_suite.hpp"
#include "tests/real/dataplane/model_world.hpp"

namespace lvslab {

std::vector<DataplaneWorldMaker> dataplane_worlds() {
    return {{"Model", [] { return std::make_unique<ModelWorld>(); }}};
}

}  // namespace lvslab

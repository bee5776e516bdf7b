// SPDX-License-Identifier: GPL-2.0-only
/// What one request of a real server asks of its data server, one access after the other.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.hpp"
#include "core/scenario/data_server.hpp"

namespace lvslab::server {

/// One question and its answer. On a database it is a transaction of its own, so each write pays a
/// round trip.
struct DataAccess {
    bool write = false;
    std::uint64_t bytes = 0;  ///< of the data: what a read's answer carries, or a write's question
    friend bool operator==(const DataAccess&, const DataAccess&) = default;
};

/// The reads, then the writes of one request. Their sizes are drawn at its beginning, so that the
/// draws of one request do not depend on how long another one's accesses take.
class DataAccesses {
public:
    DataAccesses(const scenario::DataNeed& need, RandomStream& draws);

    /// All are answered.
    bool done() const { return next_ == accesses_.size(); }
    /// The one under way, or to come; not if done.
    const DataAccess& current() const { return accesses_[next_]; }
    /// The current one is answered.
    void answered() { ++next_; }

private:
    std::vector<DataAccess> accesses_;
    std::size_t next_ = 0;
};

}  // namespace lvslab::server

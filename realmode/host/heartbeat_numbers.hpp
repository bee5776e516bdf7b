// SPDX-License-Identifier: GPL-2.0-only
/// The numbers of authenticated heartbeats, which never go back: not by a step of the clock, not by
/// a restart.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "realmode/host/heartbeat_key.hpp"

namespace lvslab::realmode {

/// Numbers to send, and the highest number heard from each of the partner's addresses, kept in a
/// small file. A number is the wall clock's nanoseconds where the file does not ask for more, so
/// that a router that lost its file is understood still.
class HeartbeatNumbers {
public:
    using Note = std::function<void(std::string)>;

    /// A file that is not there is made at the first write; one that cannot be read or written is a
    /// note, and the numbers hold for the process's life alone.
    HeartbeatNumbers(std::string file, HeartbeatNumber wall_clock, Note note);

    /// Above all before, those of earlier processes included.
    HeartbeatNumber next();
    /// Whether `number` is above all heard from this address; then it is the highest.
    bool accept(const Address& from, HeartbeatNumber number);
    /// The highest number heard from this address; 0 = none.
    HeartbeatNumber highest(const Address& from) const;

private:
    void write();

    std::string file_;
    Note note_;
    HeartbeatNumber last_ = 0;
    HeartbeatNumber reserved_ = 0;  ///< the file says that numbers up to here may be out
    std::map<Address, HeartbeatNumber> heard_;
    bool write_failed_ = false;
};

}  // namespace lvslab::realmode

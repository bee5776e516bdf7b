// SPDX-License-Identifier: GPL-2.0-only
/// The numbers of authenticated heartbeats, which never go back: not by a step of the clock, not by
/// a restart.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "core/base/address.hpp"
#include "realmode/host/heartbeat_key.hpp"

namespace lvslab::realmode {

/// Numbers to send, and the highest one heard from each of the partner's addresses, kept in a small
/// file that outlives the process. A number is the wall clock's nanoseconds, or more if that went
/// back: so a router that lost its file is understood still, if its clock is right.
class HeartbeatNumbers {
public:
    using WallClock = std::function<HeartbeatNumber()>;
    using Note = std::function<void(std::string)>;

    /// So far ahead of what was sent the file says that numbers may be out, so that it is not
    /// written with each.
    static constexpr HeartbeatNumber reserve = 60'000'000'000;

    /// A file that is not there is made. One that cannot be read or written, or holds something
    /// else, is a note, and the numbers hold for the process's life.
    HeartbeatNumbers(std::string file, WallClock wall_clock, Note note);
    ~HeartbeatNumbers();
    HeartbeatNumbers(const HeartbeatNumbers&) = delete;
    HeartbeatNumbers& operator=(const HeartbeatNumbers&) = delete;

    /// Above all before, those of earlier processes included.
    HeartbeatNumber next();
    /// Whether `number` is above all heard from this address; then it is the highest.
    bool accept(const Address& from, HeartbeatNumber number);
    /// The highest number heard from this address; 0 = none.
    HeartbeatNumber highest(const Address& from) const;
    const std::string& file() const { return file_; }

private:
    void read();
    void write();
    std::string text() const;

    std::string file_;
    WallClock wall_clock_;
    Note note_;
    int descriptor_ = -1;
    HeartbeatNumber last_ = 0;
    HeartbeatNumber reserved_ = 0;
    std::map<Address, HeartbeatNumber> heard_;
    bool failure_noted_ = false;
};

}  // namespace lvslab::realmode

// SPDX-License-Identifier: GPL-2.0-only
/// The file in which a router notes what it is about to hold, before it does.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "realmode/daemon/holdings.hpp"

namespace lvslab::realmode {

/// One line for each change, at the file's end. It is for the next process on this host, not for
/// the time after a crash of the host, which takes with it what was held: so nothing is synced to
/// disk, and the file belongs on a tmpfs.
class HoldingsRecord {
public:
    using Tell = std::function<void(const HoldingsChange&)>;
    using Note = std::function<void(std::string)>;

    /// Reads what is there. `tell` hears of each change before the file; a file that cannot be
    /// written is one note, and the router goes on.
    HoldingsRecord(std::string file, Tell tell, Note note);
    ~HoldingsRecord();
    HoldingsRecord(const HoldingsRecord&) = delete;
    HoldingsRecord& operator=(const HoldingsRecord&) = delete;

    /// Nothing is written of what is known already; the rest in one go.
    void change(std::span<const HoldingsChange> changes);
    void change(const HoldingsChange& change) { this->change(std::span(&change, 1)); }
    void add(const Holdings& held) { change(changes_to(held)); }
    const Holdings& holdings() const { return holdings_; }

private:
    void shorten();
    bool write(const std::string& lines);

    std::string file_;
    Tell tell_;
    Note note_;
    Holdings holdings_;
    int descriptor_ = -1;
    std::size_t lines_ = 0;
    bool noted_ = false;
};

/// The whole text of a record; empty if there is none.
std::string read_record(const std::string& file);

}  // namespace lvslab::realmode

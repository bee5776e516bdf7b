// SPDX-License-Identifier: GPL-2.0-only
/// Where `lvsrouter run --events` writes.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <optional>
#include <string>

#include "core/base/diagnostic.hpp"
#include "realmode/host/event_loop.hpp"

namespace lvslab::realmode {

/// A file (appended to), or a descriptor of another process's: "3" is descriptor 3. Nothing here
/// waits: what a pipe does not take is held, up to a mebibyte, and lost beyond.
class EventSink {
public:
    static Checked<std::unique_ptr<EventSink>> open(EventLoop& loop, const std::string& where);
    EventSink(EventLoop& loop, int descriptor);
    ~EventSink();
    EventSink(const EventSink&) = delete;
    EventSink& operator=(const EventSink&) = delete;

    /// One line, without its newline.
    void write(const std::string& line);
    /// Lines that did not arrive.
    std::uint64_t lost() const { return lost_; }

private:
    void flush();

    int descriptor_;
    bool regular_;
    std::optional<boost::asio::posix::stream_descriptor> writable_;
    std::string waiting_;
    bool asked_ = false;
    bool broken_ = false;
    std::uint64_t lost_ = 0;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace lvslab::realmode

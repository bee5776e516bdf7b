// SPDX-License-Identifier: GPL-2.0-only
/// Captures as libpcap reads them: pcap and pcapng.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "core/base/time.hpp"
#include "core/trace/link_layer.hpp"

namespace lvslab::trace {

/// A frame; its bytes stay until the next one is read.
struct CapturedFrame {
    Duration at;  ///< since 1970, in nanoseconds where the capture has them
    std::span<const std::uint8_t> bytes;
    std::size_t on_wire;  ///< bytes that the frame had; more than `bytes` if the capture has cut it
};

class CaptureFile {
public:
    /// Nothing, with the reason, if the file cannot be read, is no capture, or has a link layer
    /// that is not known here.
    static std::optional<CaptureFile> open(const std::string& path, std::string& reason);
    ~CaptureFile();
    CaptureFile(CaptureFile&&) noexcept;

    LinkLayer link() const;
    /// The next frame; nothing at the end, or where the file is damaged. Times that are out of line
    /// with their neighbours' are put right (RecordTimes), and told.
    std::optional<CapturedFrame> next();
    /// `tell` gets a sentence for each time that was put right.
    void tell_times(std::function<void(const std::string&)> tell);
    /// Why reading has stopped before the end, and where; nothing if it has not.
    const std::optional<std::string>& damage() const;

private:
    struct Reading;
    explicit CaptureFile(std::unique_ptr<Reading> reading);
    std::unique_ptr<Reading> reading_;
};

}  // namespace lvslab::trace

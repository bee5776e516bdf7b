// SPDX-License-Identifier: GPL-2.0-only
#include "sim/trace/capture_file.hpp"

#include <pcap/pcap.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <deque>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/trace/record_times.hpp"

namespace lvslab::trace {

namespace {

struct Held {
    Duration at{};
    std::vector<std::uint8_t> bytes;
    std::size_t on_wire = 0;

    static Held copy_of(const CapturedFrame& frame) {
        return {frame.at, {frame.bytes.begin(), frame.bytes.end()}, frame.on_wire};
    }
};

}  // namespace

struct CaptureFile::Reading {
    std::optional<CapturedFrame> read();
    Duration judge();

    pcap_t* pcap = nullptr;
    LinkLayer link = LinkLayer::ethernet;
    std::uint64_t packets = 0;
    std::optional<std::string> damage;
    RecordTimes times;
    std::function<void(const std::string&)> tell;
    /// Frames that were read to judge the time of one before them, the next first. libpcap's own
    /// buffer has one at a time.
    std::deque<Held> held;
    Held current;

    Reading() = default;
    Reading(const Reading&) = delete;
    Reading& operator=(const Reading&) = delete;
    ~Reading() {
        if (pcap != nullptr) {
            pcap_close(pcap);  // and its file
        }
    }
};

namespace {

constexpr std::size_t read_ahead = 1 << 20;

/// What people try: captures are often kept compressed.
std::string advice_for(std::FILE* file) {
    std::array<unsigned char, 4> first{};
    std::rewind(file);
    const auto n = std::fread(first.data(), 1, first.size(), file);
    const bool gzip = n >= 2 && first[0] == 0x1F && first[1] == 0x8B;
    const bool xz = n >= 4 && first[0] == 0xFD && first[1] == '7';
    const bool zstd = n >= 4 && first[0] == 0x28 && first[1] == 0xB5;
    return gzip || xz || zstd ? "; it is compressed: unpack it first" : "";
}

}  // namespace

CaptureFile::CaptureFile(std::unique_ptr<Reading> reading) : reading_(std::move(reading)) {}
CaptureFile::~CaptureFile() = default;
CaptureFile::CaptureFile(CaptureFile&&) noexcept = default;

std::optional<CaptureFile> CaptureFile::open(const std::string& path, std::string& reason) {
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) {
        reason = std::strerror(errno);
        return std::nullopt;
    }
    std::setvbuf(file, nullptr, _IOFBF, read_ahead);
    auto reading = std::make_unique<Reading>();
    std::array<char, PCAP_ERRBUF_SIZE> error{};
    reading->pcap =
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, error.data());
    if (reading->pcap == nullptr) {
        reason =
            fmt::format("is no capture (pcap or pcapng): {}{}", error.data(), advice_for(file));
        std::fclose(file);
        return std::nullopt;
    }
    const int datalink = pcap_datalink(reading->pcap);
    const auto link = link_layer_of(datalink);
    if (!link) {
        const char* name = pcap_datalink_val_to_name(datalink);
        reason = fmt::format(
            "link layer {} ({}) is none of Ethernet, raw IP, loopback and Linux "
            "cooked",
            datalink, name != nullptr ? name : "unknown");
        return std::nullopt;
    }
    reading->link = *link;
    return CaptureFile(std::move(reading));
}

LinkLayer CaptureFile::link() const {
    return reading_->link;
}

std::optional<CapturedFrame> CaptureFile::next() {
    auto& r = *reading_;
    if (r.held.empty()) {
        const auto frame = r.read();
        if (!frame || r.times.in_line(frame->at)) {
            return frame ? std::optional(
                               CapturedFrame{r.times.take(frame->at), frame->bytes, frame->on_wire})
                         : std::nullopt;
        }
        r.held.push_back(Held::copy_of(*frame));
    }
    const auto at = r.judge();
    r.current = std::move(r.held.front());
    r.held.pop_front();
    return CapturedFrame{at, r.current.bytes, r.current.on_wire};
}

void CaptureFile::tell_times(std::function<void(const std::string&)> tell) {
    reading_->tell = std::move(tell);
}

/// The time of the frame that is held first.
Duration CaptureFile::Reading::judge() {
    const auto told = held.front().at;
    if (times.in_line(told)) {
        return times.take(told);
    }
    constexpr std::size_t wanted = 3;
    while (held.size() < wanted) {
        const auto frame = read();
        if (!frame) {
            break;
        }
        held.push_back(Held::copy_of(*frame));
    }
    const auto of = [&](std::size_t i) {
        return i < held.size() ? std::optional(held[i].at) : std::nullopt;
    };
    const auto verdict = times.judge(told, of(1), of(2));
    if (verdict.finding && tell) {
        tell(*verdict.finding);
    }
    return verdict.at;
}

/// The file's next frame, its time as it stands there.
std::optional<CapturedFrame> CaptureFile::Reading::read() {
    if (damage) {
        return std::nullopt;
    }
    pcap_pkthdr* header = nullptr;
    const u_char* bytes = nullptr;
    const int got = pcap_next_ex(pcap, &header, &bytes);
    if (got == 1) {
        ++packets;
        // tv_usec holds nanoseconds, as asked for.
        return CapturedFrame{std::chrono::seconds(header->ts.tv_sec) + Duration(header->ts.tv_usec),
                             {bytes, header->caplen},
                             std::max(header->len, header->caplen)};
    }
    if (got == PCAP_ERROR) {
        damage = fmt::format("damaged after packet {}, at byte {}: {}", packets,
                             ftello(pcap_file(pcap)), pcap_geterr(pcap));
    }
    return std::nullopt;
}

const std::optional<std::string>& CaptureFile::damage() const {
    return reading_->damage;
}

}  // namespace lvslab::trace

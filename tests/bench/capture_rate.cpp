// SPDX-License-Identifier: GPL-2.0-only
/// How fast captures become traces, and in how much memory: `capture_rate [MEGABYTES...]`.
///
/// For each size a capture is written (connections of one request of 400 bytes and a response of 20
/// segments, 1000 open at a time), then read in a process of its own: packets and bytes a second
/// of its CPU time (others may use the machine) and that process's peak memory, as JSON. The memory
/// must not grow with the capture.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/trace/extractor.hpp"
#include "sim/trace/capture_file.hpp"

namespace {

using namespace lvslab;
using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

constexpr std::uint32_t server_address = 0xC0A81A0A;
constexpr unsigned segments = 20;
constexpr unsigned open_at_a_time = 1000;

/// Writes the frames of a capture, each as a snap length of 96 leaves it.
class CaptureWriter {
public:
    explicit CaptureWriter(std::FILE* file) : file_(file) {
        const std::array<std::uint32_t, 6> header{0xA1B2C3D4, 0x00040002, 0, 0, 96, 1};
        std::fwrite(header.data(), 1, sizeof header, file_);
    }

    void segment(bool to_server, std::uint32_t client, std::uint8_t flags, std::uint32_t sequence,
                 std::uint32_t acknowledgement, std::uint32_t length) {
        std::array<std::uint8_t, 96> frame{};
        frame[12] = 0x08;
        auto* ip = frame.data() + 14;
        ip[0] = 0x45;
        put(ip + 2, 40 + length, 2);
        ip[8] = 64;
        ip[9] = 6;
        put(ip + 12, to_server ? 0x0A000000 + client / 1000 : server_address, 4);
        put(ip + 16, to_server ? server_address : 0x0A000000 + client / 1000, 4);
        auto* tcp = ip + 20;
        const std::uint32_t port = 20000 + client % 1000;
        put(tcp, to_server ? port : 80, 2);
        put(tcp + 2, to_server ? 80 : port, 2);
        put(tcp + 4, sequence, 4);
        put(tcp + 8, acknowledgement, 4);
        tcp[12] = 0x50;
        tcp[13] = flags;
        put(tcp + 14, 65535, 2);
        const auto whole = 54 + length;
        const auto kept = std::min<std::uint32_t>(whole, frame.size());
        now_ += 5;
        const std::array<std::uint32_t, 4> record{now_ / 1'000'000, now_ % 1'000'000, kept, whole};
        std::fwrite(record.data(), 1, sizeof record, file_);
        std::fwrite(frame.data(), 1, kept, file_);
        bytes_ += sizeof record + kept;
    }
    std::uint64_t bytes() const { return bytes_; }

private:
    static void put(std::uint8_t* at, std::uint32_t value, unsigned size) {
        for (unsigned i = 0; i < size; ++i) {
            at[i] = static_cast<std::uint8_t>(value >> (8 * (size - 1 - i)));
        }
    }
    std::FILE* file_;
    std::uint32_t now_ = 0;  // microseconds
    std::uint64_t bytes_ = 24;
};

/// A wave of connections, all in the same phase.
void write_wave(CaptureWriter& out, std::uint32_t first) {
    const auto each = [&](auto&& step) {
        for (std::uint32_t c = first; c < first + open_at_a_time; ++c) {
            step(c);
        }
    };
    each([&](auto c) { out.segment(true, c, 0x02, 100, 0, 0); });
    each([&](auto c) { out.segment(false, c, 0x12, 900, 101, 0); });
    each([&](auto c) { out.segment(true, c, 0x10, 101, 901, 0); });
    each([&](auto c) { out.segment(true, c, 0x18, 101, 901, 400); });
    for (unsigned i = 0; i < segments; ++i) {
        each([&](auto c) { out.segment(false, c, 0x10, 901 + i * 1000, 501, 1000); });
        if (i % 2 == 1) {
            each([&](auto c) { out.segment(true, c, 0x10, 501, 901 + (i + 1) * 1000, 0); });
        }
    }
    constexpr std::uint32_t last = 901 + segments * 1000;
    each([&](auto c) { out.segment(true, c, 0x11, 501, last, 0); });
    each([&](auto c) { out.segment(false, c, 0x11, last, 502, 0); });
    each([&](auto c) { out.segment(true, c, 0x10, 502, last + 1, 0); });
}

std::uint64_t write_capture(const std::string& path, std::uint64_t bytes) {
    const File file(std::fopen(path.c_str(), "wb"), std::fclose);
    if (!file) {
        std::perror(path.c_str());
        std::exit(2);
    }
    CaptureWriter out(file.get());
    std::uint32_t connection = 0;
    while (out.bytes() < bytes) {
        write_wave(out, connection);
        connection += open_at_a_time;
    }
    return connection;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// Reads it, and prints what that took.
int measure(const std::string& path, std::uint64_t connections) {
    std::string reason;
    auto capture = trace::CaptureFile::open(path, reason);
    if (!capture) {
        fmt::print(stderr, "{}: {}\n", path, reason);
        return 2;
    }
    trace::ExtractorSettings settings;
    settings.server = {Address::v4(server_address), Port{80}};
    std::uint64_t bytes_written = 0;
    trace::Extractor extractor(settings, [&](const trace::TracedConnection& c) {
        bytes_written += trace::line_of(c).size();
    });
    const double before = cpu_seconds();
    std::uint64_t bytes = 24;
    while (const auto frame = capture->next()) {
        bytes += 16 + frame->bytes.size();
        extractor.packet(frame->at, trace::ip_of_frame(capture->link(), frame->bytes));
    }
    extractor.finish();
    const double took = cpu_seconds() - before;
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto& counts = extractor.counts();
    fmt::print(
        "  {{\"capture_bytes\": {}, \"packets\": {}, \"connections\": {}, "
        "\"trace_bytes\": {}, \"cpu_seconds\": {:.3f}, \"packets_per_second\": {:.0f}, "
        "\"bytes_per_second\": {:.0f}, \"peak_kib\": {}}}",
        bytes, counts.packets, counts.taken, bytes_written, took,
        static_cast<double>(counts.packets) / took, static_cast<double>(bytes) / took,
        usage.ru_maxrss);
    std::fflush(stdout);
    return counts.taken == connections && counts.unseen_bytes == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::uint64_t> megabytes;
    for (int i = 1; i < argc; ++i) {
        megabytes.push_back(std::strtoull(argv[i], nullptr, 10));
    }
    if (megabytes.empty()) {
        megabytes = {100, 400, 1600};
    }
    std::string pattern = "/tmp/capture-rate-XXXXXX";
    const int descriptor = mkstemp(pattern.data());
    if (descriptor < 0) {
        std::perror("mkstemp");
        return 2;
    }
    close(descriptor);
    int failed = 0;
    std::printf("[\n");
    for (std::size_t i = 0; i < megabytes.size(); ++i) {
        const auto connections = write_capture(pattern, megabytes[i] * 1'000'000);
        std::fflush(stdout);
        const pid_t child = fork();
        if (child == 0) {
            _exit(measure(pattern, connections));
        }
        int status = 0;
        waitpid(child, &status, 0);
        failed |= status;
        std::printf("%s\n", i + 1 < megabytes.size() ? "," : "");
    }
    std::printf("]\n");
    std::remove(pattern.c_str());
    return failed != 0 ? 1 : 0;
}

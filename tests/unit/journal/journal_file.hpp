// SPDX-License-Identifier: GPL-2.0-only
/// Journals in memory, for tests.
#pragma once

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/json_lines.hpp"
#include "core/journal/reader.hpp"
#include "core/journal/writer.hpp"
#include "tests/unit/journal/toy_cluster.hpp"

namespace lvslab::journal::test {

inline ByteSource source_of(const std::string& bytes, std::size_t piece = 1U << 20U) {
    return [&bytes, piece, at = std::size_t{0}](char* buffer, std::size_t capacity) mutable {
        const auto n = std::min({capacity, piece, bytes.size() - at});
        std::memcpy(buffer, bytes.data() + at, n);
        at += n;
        return n;
    };
}

/// Everything a reader hands out, as text, so that it can be compared.
struct Contents {
    std::vector<std::string> lines;
    std::optional<ReadError> error;
    std::uint64_t fingerprint = 0;
};

inline Contents read_all(const std::string& bytes, std::size_t piece = 1U << 20U) {
    Contents contents;
    Reader reader(source_of(bytes, piece));
    while (const auto event = reader.next()) {
        append_json_line(contents.lines.emplace_back(), *event, reader.run());
    }
    contents.error = reader.error();
    contents.fingerprint = reader.fingerprint();
    return contents;
}

struct Journal {
    std::string bytes;
    std::uint64_t fingerprint = 0;
};

/// The journal of a toy run.
inline Journal journal_of(const toy::Cluster& cluster, Level level = Level::all) {
    Journal journal;
    Writer writer([&](std::string_view bytes) { journal.bytes += bytes; }, level);
    toy::run(cluster, writer);
    journal.fingerprint = writer.finish();
    return journal;
}

inline toy::Cluster small_cluster() {
    toy::Cluster cluster;
    cluster.servers = {{"web1", 1, 4, 0.05}, {"web2", 1, 4, 0.05}, {"web3", 2, 8, 0.05}};
    cluster.seconds = 3;
    return cluster;
}

}  // namespace lvslab::journal::test

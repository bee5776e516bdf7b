// SPDX-License-Identifier: GPL-2.0-only
/// What real servers and data servers say to each other: headers before otherwise empty bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/quantities.hpp"
#include "core/scenario/data_server.hpp"
#include "core/server/data_accesses.hpp"

namespace lvslab::world {

/// What a real server asks for.
struct DataQuestion {
    static constexpr std::size_t size = 32;

    std::uint64_t number = 0;  ///< of the asking connection's accesses, from 0
    std::uint64_t bytes = 0;   ///< of this question, header included
    std::uint64_t answer_bytes = 0;
    bool write = false;

    friend bool operator==(const DataQuestion&, const DataQuestion&) = default;
};

/// What the data server answers with.
struct DataAnswer {
    static constexpr std::size_t size = 16;

    std::uint64_t number = 0;
    std::uint32_t node = 0;  ///< 0 the first of a pair, 1 the standby

    friend bool operator==(const DataAnswer&, const DataAnswer&) = default;
};

/// Bytes of an access besides its data, each way: about what an NFS call and a small SQL statement
/// take, headers above TCP included.
inline constexpr std::uint64_t data_overhead = 128;

/// A read's answer carries the data, and a write's question.
DataQuestion question_of(const server::DataAccess& access, std::uint64_t number);

std::array<std::uint8_t, DataQuestion::size> encode(const DataQuestion& question);
std::array<std::uint8_t, DataAnswer::size> encode(const DataAnswer& answer);
/// Nothing if the bytes are too few, do not begin with the header's mark, or tell of a message that
/// is smaller than its header.
std::optional<DataQuestion> decode_data_question(std::span<const std::uint8_t> bytes);
std::optional<DataAnswer> decode_data_answer(std::span<const std::uint8_t> bytes);

/// Where a data server listens: NFS's port, or a database's (5432, PostgreSQL's).
Port data_port(scenario::DataServer::Kind kind);

}  // namespace lvslab::world

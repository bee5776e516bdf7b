// SPDX-License-Identifier: GPL-2.0-only
/// What is asked over the control socket: one line of JSON, answered by one line of JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"

namespace lvslab::realmode {

enum class ControlCommand : std::uint8_t { status, reload, release, stop, watch };
std::string_view to_string(ControlCommand command);

/// {"command":"stop","keep":true}
struct ControlRequest {
    ControlCommand command = ControlCommand::status;
    bool keep = false;  ///< stop: leave the services in IPVS
    friend bool operator==(const ControlRequest&, const ControlRequest&) = default;
};

/// A longer request is refused unread.
inline constexpr std::size_t longest_request = 4096;

std::string to_line(const ControlRequest& request);
/// One error without a place if it is none.
Checked<ControlRequest> parse_request(std::string_view line);

/// {"ok":false,"error":"...","findings":["lvs.cf:3:1: ...", ...]}, ended by a newline. `ok` is what
/// tells; `findings` are there if there are any.
struct ControlAnswer {
    bool ok = true;
    std::string error;
    std::vector<std::string> findings;
    std::string status;  ///< JSON of its own; empty = none
    std::string table;   ///< the same for people
};
std::string to_line(const ControlAnswer& answer);
/// Nothing if it is none.
Checked<ControlAnswer> parse_answer(std::string_view line);

}  // namespace lvslab::realmode

// SPDX-License-Identifier: GPL-2.0-only
/// A scenario script: what an administrator, clients and real servers do, one step a line.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/real/oracle/ipvs_control.hpp"

namespace lvslab::oracle {

/// One line: its words, and KEY=VALUE words apart.
struct Step {
    std::size_t line = 0;  ///< from 1
    std::string text;
    std::vector<std::string> words;
    std::map<std::string, std::string, std::less<>> options;
};

/// What is wrong with a script, and where.
struct ScriptError {
    std::size_t line = 0;
    std::string message;
};

/// Splits into steps; empty lines and those that begin with # are left out.
std::vector<Step> split_script(std::string_view text);

/// `svc+ NAME tcp|udp|fwm|fwm6 ADDRESS|MARK PORT SCHEDULER [pers=S mask=M flags=N]`.
/// Throws ScriptError.
Service parse_service(const Step& step);
/// `dst+ NAME ENDPOINT nat|dr|tun WEIGHT [u=N l=N]`; `dst-` needs no more than the endpoint.
/// Throws ScriptError.
Destination parse_destination(const Step& step);
/// The whole number in a word. Throws ScriptError.
std::int64_t parse_number(const Step& step, std::string_view word);
/// Throws ScriptError.
Endpoint parse_endpoint(const Step& step, std::string_view word);
/// The n-th word. Throws ScriptError if the line is too short.
const std::string& word_of(const Step& step, std::size_t n);

}  // namespace lvslab::oracle

// SPDX-License-Identifier: GPL-2.0-only
/// Moments of a run that a user can name: "takeover", "web1 is taken out", "crash of lvs1". Faults
/// come after them, and expectations hold from or until them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/journal/sentence.hpp"

namespace lvslab::journal {

/// The names that a sentence may speak of.
struct KnownNames {
    std::vector<std::string> servers, routers, workloads, data_servers;
    std::vector<std::string> clients;     ///< groups of clients
    std::vector<std::string> services;    ///< virtual services, by their lvs.cf names
    std::vector<std::string> schedulers;  ///< empty = any name will do
};

/// One kind of moment, of one subject or of any. It may happen more than once.
struct Moment {
    enum class Kind : std::uint8_t {
        takeover,          ///< a router becomes active after another one was
        taken_out,         ///< a server is removed, or its weight set to 0, at the active router
        put_back,          ///< a server that was taken out gets a weight above 0 there
        becomes_active,    ///< a router becomes active
        becomes_inactive,  ///< an active router gives its role up, or crashes
        announced,         ///< a router has announced an address for the fifth time
        fault,             ///< a fault of this kind begins, or ends by itself
        fault_number,      ///< the fault with this place in the scenario, from 1, strikes
    };

    Kind kind = Kind::takeover;
    /// "web1", "lvs1 public", "active router", "heartbeat private"; empty = whichever.
    std::string subject;
    std::string fault;         ///< of Kind::fault: "crash", "cut", ... (fault_words())
    std::uint32_t number = 0;  ///< of Kind::fault_number
    std::string text;          ///< as it was written

    friend bool operator==(const Moment&, const Moment&) = default;
};

/// The words that a fault's kind is called by, and its forms in a sentence about a subject.
struct FaultWords {
    std::string_view name;  ///< "crash": as in scenarios and in FaultInjected::what
    std::string_view verb;  ///< "crashes"; empty = none
    std::string_view done;  ///< "crashed", as in "lvs1 is crashed"
};
const std::vector<FaultWords>& fault_words();

/// Reads a moment. `where` is the place of the first byte of the text. One error says what is
/// wrong, at its column, and what was expected.
Checked<Moment> parse_moment(std::string_view text, const SourceLocation& where,
                             const KnownNames& names);

/// Reads a moment out of a longer sentence, up to the word before `end`. `its` is what "it" and
/// "its" speak of; empty = nothing. Nothing after an error.
std::optional<Moment> read_moment(Sentence& sentence, std::size_t end, const KnownNames& names,
                                  std::string_view its);

}  // namespace lvslab::journal

// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as an lvs.cf: nothing crashes, and these hold:
//   - what was read, printed and read again is the same;
//   - what Piranha's reading accepts, the other reading of its printed form does not change;
//   - the check of what was read has a place for each finding, and a file does not differ from
//     itself;
//   - where Piranha stops, the other reading has something to say on that line or an error above.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/config/check.hpp"
#include "core/config/compare.hpp"
#include "core/config/parse.hpp"
#include "core/config/print.hpp"

namespace {

using lvslab::Checked;
using lvslab::Severity;
using lvslab::config::LvsConfig;

Checked<LvsConfig> read(std::string_view text, bool piranha) {
    lvslab::config::Options options;
    options.piranha = piranha;
    options.most_findings = 1'000'000;
    return lvslab::config::parse(text, "fuzz.cf", options);
}

void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

bool is_writable(std::string_view printed) {
    return printed.find("no line of lvs.cf can hold") == std::string_view::npos &&
           printed.find("the next block's name is") == std::string_view::npos;
}

void check_round_trip(const LvsConfig& config, bool piranha) {
    const std::string printed = print(config);
    if (!is_writable(printed)) {
        return;
    }
    const auto again = read(printed, piranha);
    require(again && *again == config, "print, then read, gives the same");
    if (piranha) {
        const auto other = read(printed, false);
        require(!other || *other == config, "both ways of reading agree on what is printed");
    }
}

void check_findings(const LvsConfig& config) {
    const auto found = lvslab::config::check(config);
    for (const auto& d : found.items()) {
        require(d.location.file == "fuzz.cf" && !d.message.empty(), "findings have a place");
    }
    require(lvslab::config::compare(config, config).empty(), "a file is the same as itself");
}

void check_stop_line(const Checked<LvsConfig>& piranha, const Checked<LvsConfig>& whole) {
    const unsigned stop = piranha.diagnostics.items().front().location.line;
    bool found = false;
    for (const auto& d : whole.diagnostics.items()) {
        const bool above = d.severity == Severity::error && d.location.line < stop;
        found = found || above || d.location.line == stop;
    }
    require(found, "the whole reading reports the line where Piranha stops");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(data, data + size);
    const auto piranha = read(text, true);
    const auto whole = read(text, false);
    if (piranha) {
        check_round_trip(*piranha, true);
        to_json(*piranha);
    }
    if (whole) {
        check_round_trip(*whole, false);
        check_findings(*whole);
        to_json(*whole);
    }
    // With carriage returns the two do not count the same lines.
    if (!piranha && text.find('\r') == std::string::npos) {
        check_stop_line(piranha, whole);
    }
    return 0;
}
